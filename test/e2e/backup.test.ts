/** The operators' commands for backup, restore and leaving one database for another, as docs/operating.md has them. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, createServerDatabase, testsOnPostgres } from '../support/database.js';
import { createEmptyDatabase } from '../support/postgres.js';
import { root, startServerProcess } from '../support/process.js';

const run = promisify(execFile);

/** Debian keeps the programs of each release in a folder of their own; the newest can dump any. */
const DEBIAN = '/usr/lib/postgresql';
const releases = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)).map((name) => join(DEBIAN, name, 'bin')) : [];
const path = [...releases, ...(process.env['PATH'] ?? '').split(delimiter)];
const hasTools = path.some((folder) => existsSync(join(folder, 'pg_restore'))) && path.some((folder) => existsSync(join(folder, 'psql')));

async function get(url: string, accept = 'application/json'): Promise<string> {
  const answer = await fetch(url, { headers: { accept } });
  return `${answer.status} ${await answer.text()}`;
}

/** What a catalogue holds, whichever server shows it. */
async function shown(url: string): Promise<string[]> {
  const answers = [await get(`${url}/collections`), await get(`${url}/search`, 'application/geo+json-seq'), await get(`${url}/api/datasets/flood_2024/tiles`), await get(`${url}/api/datasets/flood_2024/mosaic.json`)];
  return answers.map((text) => text.replaceAll(url, 'URL').replaceAll(/"(created|updated)":"[^"]*"/g, '"$1":""'));
}

async function send(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect([url, answer.status]).toEqual([url, 201]);
}

async function fill(url: string): Promise<void> {
  const extent = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } };
  await send(`${url}/collections`, { type: 'Collection', stac_version: '1.1.0', id: 'scenes', description: 'Scenes', license: 'other', links: [], extent });
  for (const [i, lon] of [0, 20].entries()) {
    const geometry = { type: 'Polygon', coordinates: [[[lon, 0], [lon + 9, 0], [lon + 9, 9], [lon, 9], [lon, 0]]] };
    await send(`${url}/collections/scenes/items`, { type: 'Feature', stac_version: '1.1.0', id: `scene-${i}`, collection: 'scenes', geometry, bbox: [lon, 0, lon + 9, 9], properties: { datetime: '2024-05-01T00:00:00Z' }, links: [], assets: {} });
  }
  const tiles = [-180, -170].map((west, i) => ({ href: `https://example.com/tile_00${i + 1}.tif`, bbox: [west, 0, west + 10, 10] }));
  await send(`${url}/api/datasets`, { dataset: { id: 'flood_2024', properties: { title: 'Flood model', datetime: '2024-10-15T12:00:00Z' } }, tiles });
}

(testsOnPostgres() && hasTools ? it : it.skip)('a catalogue is dumped and restored, and carried over to another server, by the commands of docs/operating.md', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-backup-'));
  const [from, moved, restored] = [await createServerDatabase(), await createServerDatabase(), await createEmptyDatabase()];
  const document = await readFile(join(root, 'docs/operating.md'), 'utf8');
  const blocks = [...document.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text.replaceAll('dist/src/main.js', join(root, 'dist/src/main.js')));
  const block = (word: string, variables: Record<string, string>): Promise<unknown> =>
    run('sh', ['-ec', blocks.find((text) => text.includes(word)) ?? 'exit 9'], { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', PATH: path.join(delimiter), CACHE_DIR: cacheDir, DATA_DIR: folder, ...variables } });
  const serve = (name: string, env: Record<string, string>): ReturnType<typeof startServerProcess> => startServerProcess({ DATA_DIR: join(folder, name), ...env });
  const url = from.env['DATABASE_URL'] ?? '';
  const [old, fresh] = [await serve('old', from.env), await serve('new', moved.env)];
  const servers = [old, fresh];
  try {
    await fill(old.url);
    const before = await shown(old.url);
    await block('pg_restore', { FROM: url, TO: restored.url });
    const back = await serve('back', { DATABASE_URL: restored.url });
    servers.push(back);
    expect(await shown(back.url)).toEqual(before);
    await send(`${back.url}/api/datasets`, { dataset: { id: 'next' }, tiles: [{ href: 'https://example.com/a.tif', bbox: [0, 0, 1, 1] }] });

    await block('geo+json-seq', { OLD: old.url, NEW: fresh.url, TO: moved.env['DATABASE_URL'] ?? '' });
    expect(await shown(fresh.url)).toEqual(before);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await Promise.all([from.remove(), moved.remove(), restored.drop()]);
    await rm(folder, { recursive: true, force: true });
  }
}, 120_000);
