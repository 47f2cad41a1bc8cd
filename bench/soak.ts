/** Two instances behind a load balancer on one PostgreSQL, one of them killed and the database restarted meanwhile: is anything lost? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeDemoCogs } from '../src/demo/cogs.js';
import { type Listening, startOurs } from './peer.js';
import { startRoundRobin } from './round-robin.js';
import { type SoakClients, startSoakClients } from './soak-clients.js';

const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
const KEY = 'soak-key';
/** The longest that a fault may be felt. */
export const WINDOW_MS = 15_000;

/** How a fault may be felt: an answer of the proxy or of an instance without a database, or one that was cut while it came. */
const FELT = [502, 503, -1];

export interface SoakResult {
  readonly requests: number;
  /** Share of 2xx outside the two windows. */
  readonly calm: number;
  /** What was answered in the windows that is neither 2xx nor 502 or 503 nor cut while it came, and outside of them what is not 2xx. */
  readonly strange: readonly string[];
  /** Seconds from each fault to its last 502 or 503. */
  readonly felt: readonly number[];
  readonly written: number;
  readonly deleted: number;
  /** What was acknowledged and is not so, on either instance. */
  readonly lost: readonly string[];
}

interface Cluster {
  readonly url: string;
  restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  stop(): Promise<void>;
}

/** @param seconds in all; an instance is killed after a third, the database restarted after two */
export async function soak(seconds: number, say: (line: string) => void = () => undefined): Promise<SoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-soak-'));
  const { startPostgres } = (await import(new URL('../../scripts/postgres.mjs', import.meta.url).href)) as { startPostgres: (more: object) => Promise<Cluster> };
  const postgres = await startPostgres({ synchronous_commit: 'on' });
  const cogs = await makeDemoCogs(folder);
  const env = { ALLOWED_FILE_ROOTS: folder, STORAGE_URL: pathToFileURL(join(folder, 'store')).href, AUTH: 'api-key', API_KEYS: `admin:${KEY}` };
  const start = (port: number): Promise<Listening> => startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), new URL(postgres.url), port, join(folder, String(port)), env);
  // One after the other: the first installs pgSTAC.
  const instances = [await start(18_091), await start(18_092)];
  const proxy = await startRoundRobin(instances.map(({ url }) => url));
  try {
    await post(proxy.url, { dataset: { id: 'world', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: cogs.map(({ path }) => ({ href: pathToFileURL(path).href })) });
    const clients = startSoakClients({ url: proxy.url, drawn: 'world', key: KEY, readers: 6, writers: 2 });
    const faults: number[] = [];
    await delay((seconds * 1000) / 3);
    say('an instance is killed');
    faults.push(performance.now());
    const killed = instances[1];
    if (killed !== undefined) process.kill(killed.pid, 'SIGKILL');
    await delay(2000);
    instances[1] = await start(18_092);
    await delay(Math.max(0, (seconds * 1000) / 3 - 4000));
    say('the database is restarted');
    faults.push(performance.now());
    await postgres.restart('SIGINT');
    await delay((seconds * 1000) / 3);
    await clients.stop();
    const lost = (await Promise.all(instances.map(({ url }) => lostOf(url, clients)))).flat();
    return { ...judge(clients, faults), lost };
  } finally {
    await proxy.close();
    for (const instance of instances) await instance.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(`${url}/api/datasets`, { method: 'POST', headers: { 'X-API-Key': KEY, 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`POST /api/datasets answers ${answer.status}: ${await answer.text()}`);
}

function judge({ heard, written, deleted }: SoakClients, faults: readonly number[]): Omit<SoakResult, 'lost'> {
  const faultOf = (at: number): number => faults.findLastIndex((fault) => at >= fault && at < fault + WINDOW_MS);
  const isGood = (status: number): boolean => status >= 200 && status < 300;
  const calm = heard.filter(({ at }) => faultOf(at) < 0);
  const felt = faults.map((fault, i) => Math.max(0, ...heard.filter(({ at, status }) => faultOf(at) === i && !isGood(status)).map(({ at }) => (at - fault) / 1000)));
  const strange = heard.filter(({ at, status }) => !isGood(status) && (faultOf(at) < 0 || !FELT.includes(status)));
  return {
    requests: heard.length,
    calm: calm.filter(({ status }) => isGood(status)).length / Math.max(1, calm.length),
    strange: [...Map.groupBy(strange, ({ what, status }) => `${what}: ${status}`)].map(([what, those]) => `${what} (${those.length} times)`),
    felt,
    written: written.size,
    deleted: deleted.size,
  };
}

/** Looks for everything that was acknowledged through one instance. */
async function lostOf(url: string, { written, deleted }: SoakClients): Promise<string[]> {
  const lost: string[] = [];
  const ask = async (path: string): Promise<Response> => fetch(url + path, { headers: { 'X-API-Key': KEY } });
  for (const [id, { tiles, search }] of written) {
    const found = await ask(`/api/datasets/${id}/tiles?limit=100`);
    const { features } = found.ok ? ((await found.json()) as { features: unknown[] }) : { features: [] };
    if (features.length !== tiles) lost.push(`${url} ${id}: ${found.status}, ${features.length} of ${tiles} tiles`);
    for (const path of [`/searches/${search}/info`, `/searches/${search}/WebMercatorQuad/tilejson.json`]) {
      const { status } = await ask(path);
      if (status !== 200) lost.push(`${url} ${path}: ${status}`);
    }
  }
  for (const id of deleted) {
    const { status } = await ask(`/api/datasets/${id}`);
    if (status !== 404) lost.push(`${url} ${id} was deleted and answers ${status}`);
  }
  return lost;
}

/** BENCH_SECONDS: 600 unless told. */
export async function benchSoak(): Promise<void> {
  const seconds = Number(process.env['BENCH_SECONDS'] ?? 600);
  const result = await soak(seconds, (line) => process.stderr.write(`${line}\n`));
  const text = `# Two instances, one killed, the database restarted

Made by \`npm run bench -- soak\` on ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}: two instances behind a round-robin
proxy on one PostgreSQL, all on this machine, ${Math.round(seconds / 60)} minutes of 2 writers of datasets and 6 readers (searches, items, mosaics, TileJSON, tiles). After a third one
instance is killed (SIGKILL) and started again, after two thirds PostgreSQL is restarted.

| | |
|---|---|
| requests | ${result.requests.toLocaleString('en')} |
| 2xx outside the fault windows (${WINDOW_MS / 1000} s each) | ${(result.calm * 100).toFixed(3)} % |
| last 502, 503 or answer cut short after the kill, after the restart | ${result.felt.map((s) => `${s.toFixed(1)} s`).join(', ')} |
| other answers | ${result.strange.length === 0 ? 'none' : result.strange.join('; ')} |
| datasets acknowledged, deletes acknowledged | ${result.written}, ${result.deleted} |
| acknowledged and lost on either instance, searches included | ${result.lost.length} |
`;
  process.stdout.write(`${text}${result.lost.slice(0, 20).join('\n')}\n`);
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(new URL('soak.md', DOCS), text);
  if (result.lost.length > 0 || result.calm < 0.99) process.exitCode = 1;
}
