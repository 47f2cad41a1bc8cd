/** `stac-mosaic serve`: runs until SIGTERM or SIGINT, then drains and ends with 0. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type ApiKey, digestOf } from '../access/keys.js';
import type { Config } from '../config.js';
import { isLoopback } from '../config-auth.js';
import { DATASETS } from '../datasets/collections.js';
import { messageOf } from '../errors.js';
import { type JsonObject, textOf } from '../json.js';
import { createLogger } from '../log.js';
import { type RunningServer, startServer } from '../server.js';
import { demoFolder } from '../storage/policy.js';
import { postDemo, urlsOf } from './demo.js';
import { progress, readConfig, say } from './output.js';

export async function serve({ demo }: { demo: boolean }): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  if (config.auth === 'none' && isPublished(config)) logger.warn('AUTH is none behind a public address (PUBLIC_URL, TRUST_PROXY): whoever reaches it may write.');
  // Loaded only here: its packages cost 100 ms of a start.
  const telemetry = config.telemetry === undefined ? undefined : (await import('../telemetry/export.js')).startTelemetry(config.telemetry);
  const folder = demoFolder(config);
  if (demo) mkdirSync(folder, { recursive: true });
  // The demo comes in by the ordinary road, whoever else may write.
  const key = demo ? randomBytes(32).toString('base64url') : undefined;
  const ownKeys: ApiKey[] = key === undefined ? [] : [{ scope: 'admin', claims: [], digest: digestOf(key) }];
  const server = await startServer({ config, logger, ownKeys, onProgress: progress, warm: true });
  stopOnSignals(async () => {
    await server.close();
    await telemetry?.close().catch((error: unknown) => logger.warn(`spans were not sent: ${messageOf(error)}`));
  });
  say(`stac-mosaic listens on ${server.url}`);
  if (!demo) return;
  try {
    await showDemo(server, folder, key);
  } catch (error) {
    progress(`The demo dataset could not be made: ${messageOf(error)}`);
  }
}

/** Whether something else than this machine is led here: a proxy before a server that listens on loopback is one, too. */
const isPublished = ({ publicUrl, trustProxy }: Pick<Config, 'publicUrl' | 'trustProxy'>): boolean =>
  trustProxy !== false || (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname));

/** Brings the demo in while there is no dataset, and prints the URLs of the first one there is. */
async function showDemo({ url, services }: RunningServer, folder: string, key: string | undefined): Promise<void> {
  const { rows } = await services.database.pool.query<{ response: JsonObject }>(
    `SELECT c.response FROM pgstac.items i JOIN stac_mosaic.dataset_contents c ON c.dataset_id = i.id
      WHERE i.collection = $1 AND i.id = 'blue-marble'`,
    [DATASETS],
  );
  const known = rows[0]?.response;
  const { rowCount } = await services.database.pool.query('SELECT 1 FROM pgstac.items WHERE collection = $1 LIMIT 1', [DATASETS]);
  if (known === undefined && rowCount !== 0) return;
  const answer = known === undefined ? await postDemo(url, folder, key) : absolute(url, known);
  say('');
  for (const [name, href] of urlsOf(url, answer)) say(`${name.padEnd(11)} ${href}`);
}

const absolute = (url: string, answer: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, key.endsWith('_url') ? url + textOf(value) : value]));

function stopOnSignals(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    progress(`${signal}: finishing what is running …`);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        progress(`The server did not stop cleanly: ${messageOf(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
}
