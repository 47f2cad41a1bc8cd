/** The program as users run it: real processes, from an empty data folder to a clean end. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Loose, listOf, text } from '../support/client.js';
import { createServerDatabase, testsOnPostgres } from '../support/database.js';
import { createEmptyDatabase } from '../support/postgres.js';
import { runProgram, type ServerProcess, startServerProcess } from '../support/process.js';

const DEMO_READY = /^Map +\S+\n/m;

let folder = '';
const running: ServerProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-e2e-'));
});

afterAll(async () => {
  for (const server of running) await server.kill(true);
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
});

async function serve(env: Readonly<Record<string, string>>, args: readonly string[] = [], until?: RegExp): Promise<ServerProcess> {
  const server = await startServerProcess(env, args, until);
  running.push(server);
  return server;
}

const printed = (server: ServerProcess): Record<string, string> =>
  Object.fromEntries([...server.stdout().matchAll(/^(Dataset|MosaicJSON|TileJSON|Map) +(\S+)$/gm)].map(([, name = '', url = '']) => [name, url]));

async function json(url: string | undefined): Promise<Loose> {
  const response = await fetch(url ?? '');
  expect(response.status).toBe(200);
  return (await response.json()) as Loose;
}

/** The URLs that a demo prints lead to the earth. */
async function expectDemo(server: ServerProcess): Promise<void> {
  const urls = printed(server);
  expect(Object.keys(urls)).toEqual(['Dataset', 'MosaicJSON', 'TileJSON', 'Map']);
  for (const url of Object.values(urls)) expect(url).toContain(server.url);

  const item = await json(urls['Dataset']);
  expect(item).toMatchObject({ type: 'Feature', collection: 'datasets', bbox: [-180, -90, 180, 90], properties: { 'file:tile_count': 12 } });

  const mosaic = await json(urls['MosaicJSON']);
  const hrefs = new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((hrefsOfKey) => listOf(hrefsOfKey).map(text)));
  expect(hrefs.size).toBe(12);
  for (const href of hrefs) expect(existsSync(new URL(href))).toBe(true);

  const tilejson = await json(urls['TileJSON']);
  expect(tilejson).toMatchObject({ tilejson: '3.0.0', bounds: [-180, -90, 180, 90], minzoom: 0 });
  const template = text(listOf(tilejson['tiles'])[0]);
  // Two blue oceans and one white continent, where they are.
  const pixels = await Promise.all([['2/0/2'], ['2/2/2'], ['3/4/7']].map(async ([place = '']) => {
    const [z = '', x = '', y = ''] = place.split('/');
    const response = await fetch(template.replace('{z}', z).replace('{x}', x).replace('{y}', `${y}.png`));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    const { channels } = await sharp(Buffer.from(await response.arrayBuffer())).stats();
    return channels.slice(0, 3).map(({ mean }) => mean);
  }));
  expect((pixels[0]?.[2] ?? 0) / (pixels[0]?.[0] ?? 1)).toBeGreaterThan(2);
  expect(Math.min(...(pixels[2] ?? [0]))).toBeGreaterThan(180);

  const page = await fetch(urls['Map'] ?? '');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const html = await page.text();
  const files = [...html.matchAll(/(?:href|src|data-maplibre|data-worker)="([^"]*\/assets\/[^"]+)"/g)].map(([, url = '']) => new URL(url, server.url).href);
  expect(files.length).toBeGreaterThanOrEqual(5);
  for (const file of files) expect((await fetch(file)).status).toBe(200);
}

(testsOnPostgres() ? describe.skip : describe)('serve --demo on the embedded database', () => {
  it('makes database and demo in an empty folder, finds them again quicker, and SIGTERM ends each with 0', async () => {
    const env = { DATA_DIR: join(folder, 'demo') };
    const first = performance.now();
    let server = await serve(env, ['--demo'], DEMO_READY);
    const created = performance.now() - first;
    const urls = printed(server);
    await expectDemo(server);
    expect(await server.stop()).toBe(0);

    const second = performance.now();
    server = await serve(env, ['--demo'], DEMO_READY);
    const reopened = performance.now() - second;
    expect(reopened).toBeLessThan(created);
    expect(Object.values(printed(server)).map((url) => new URL(url).pathname)).toEqual(Object.values(urls).map((url) => new URL(url).pathname));
    await expectDemo(server);

    const refused = await runProgram(['serve'], { ...env, PORT: '0' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`The data folder ${join(env.DATA_DIR, 'database')} is in use by process ${server.process.pid}`);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
    expect(await server.stop()).toBe(0);
  }, 180_000);
});

describe('the command line', () => {
  it('refuses to listen off loopback without AUTH, and says so', async () => {
    const { code, stderr } = await runProgram(['serve'], { HOST: '0.0.0.0', DATA_DIR: join(folder, 'off') });
    expect(code).toBe(2);
    expect(stderr).toContain('AUTH');
    expect(existsSync(join(folder, 'off'))).toBe(false);
  });

  it('warns of a server without authentication behind a public address, and of no other', async () => {
    // Where no data folder can be made it ends soon.
    const nowhere = { DATA_DIR: '/dev/null/data' };
    const warned = async (env: Record<string, string>): Promise<boolean> => {
      const { code, stdout, stderr } = await runProgram(['serve'], { ...nowhere, ...env });
      expect(code).toBe(1);
      return (stdout + stderr).includes('AUTH is none behind a public address');
    };
    expect(await Promise.all([warned({ PUBLIC_URL: 'https://maps.example.com' }), warned({ TRUST_PROXY: '1' }), warned({ PUBLIC_URL: 'http://localhost:8080' }), warned({})])).toEqual([true, true, false, false]);
  }, 60_000);

  it('names every problem of the configuration at once', async () => {
    const { code, stderr } = await runProgram(['serve'], { PORT: 'eighty', DATABASE_URL: 'mysql://x', LOG_LEVEL: 'loud', ROOT_PATH: 'no slash', PUBLIC_URL: 'ftp://x', STORAGE_URL: 's3://x' });
    expect(code).toBe(2);
    for (const name of ['PORT', 'DATABASE_URL', 'LOG_LEVEL', 'ROOT_PATH', 'PUBLIC_URL', 'STORAGE_URL']) expect(stderr).toContain(`- ${name} `);
    expect(stderr).not.toContain('    at ');
  });

  it.each(['serve', 'migrate', 'demo', 'reconcile', 'ingest', 'load', 'validate', 'register', 'plan'])('explains %s with --help', async (command) => {
    const { code, stdout, stderr } = await runProgram([command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`stac-mosaic ${command} [options]`);
  });

  it('lists its commands with --help, and refuses others', async () => {
    const { code, stdout } = await runProgram(['--help']);
    expect(code).toBe(0);
    for (const command of ['serve', 'migrate', 'demo', 'reconcile', 'ingest', 'load', 'validate', 'register', 'plan']) expect(stdout).toContain(`  ${command} `);
    expect((await runProgram(['sevre'])).code).toBe(2);
  });

  it('says in one line that a port is taken, and ends', async () => {
    const [one, other] = [await createServerDatabase(), await createServerDatabase()];
    const server = await serve(one.env);
    const { code, stderr } = await runProgram(['serve'], { ...other.env, PORT: new URL(server.url).port });
    expect(code).toBe(1);
    expect(stderr).toContain(`Another program listens on 127.0.0.1:${new URL(server.url).port}: stop it, or set PORT`);
    expect(stderr).not.toContain('    at ');
    expect(await server.stop()).toBe(0);
    await Promise.all([one.remove(), other.remove()]);
  }, 180_000);
});

(testsOnPostgres() ? describe : describe.skip)('on a real PostgreSQL', () => {
  it('migrates an empty database once, and tells what it did as JSON', async () => {
    const database = await createEmptyDatabase();
    const env = { DATABASE_URL: database.url, DATA_DIR: join(folder, 'migrate') };
    const first = await runProgram(['migrate', '--json'], env);
    expect([first.code, first.stderr.includes('Error')]).toEqual([0, false]);
    expect(JSON.parse(first.stdout)).toMatchObject({ pgstac: { to: process.env['PGSTAC_VERSION'] ?? '0.10.0' } });
    expect((JSON.parse(first.stdout) as { own: string[] }).own).not.toHaveLength(0);
    const second = await runProgram(['migrate', '--json'], env);
    const { pgstac, own } = JSON.parse(second.stdout) as { pgstac: { from: string; to: string }; own: string[] };
    expect([pgstac.from, own]).toEqual([pgstac.to, []]);
    await database.drop();
  }, 120_000);

  it('comes up ten times at once on an empty database', async () => {
    const database = await createEmptyDatabase();
    const servers = await Promise.all(Array.from({ length: 10 }, (_, i) =>
      serve({ DATABASE_URL: database.url, DATABASE_POOL_SIZE: '4', DATA_DIR: join(folder, `ten-${i}`) })));
    const ids = await Promise.all(servers.map(async ({ url }) => {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      const collection = await json(`${url}/collections/datasets`);
      return text(listOf(collection['summaries']?.['mosaic:search_id'])[0]);
    }));
    expect(new Set(ids).size).toBe(1);
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual(Array.from({ length: 10 }, () => 0));
    await database.drop();
  }, 240_000);

  it('serves the demo from there', async () => {
    const database = await createEmptyDatabase();
    const server = await serve({ DATABASE_URL: database.url, DATA_DIR: join(folder, 'demo-postgres') }, ['--demo'], DEMO_READY);
    await expectDemo(server);
    expect(await server.stop()).toBe(0);
    await database.drop();
  }, 120_000);
});
