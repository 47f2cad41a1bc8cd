/** One dataset of 1,000,000 tiles: a server process that grows by less than 300 MB, with --long; 20,000 without, which must be whole. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Loose } from '../support/client.js';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import { startServerProcess, type ServerProcess } from '../support/process.js';

const long = process.env['TEST_LONG'] === '1' && testsOnPostgres() && process.platform === 'linux';
const COUNT = long ? 1_000_000 : 20_000;
const COLUMNS = 1000;
const MB = 2 ** 20;

let database: ServerDatabase | undefined;
let server: ServerProcess;

beforeAll(async () => {
  database = await createServerDatabase();
  server = await startServerProcess(database.env);
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await database?.remove();
}, 120_000);

/** The most that a process ever had resident, in bytes (proc(5), VmHWM in kB). */
const peakOf = async (pid: number | undefined): Promise<number> => Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

function* lines(): Generator<string> {
  yield `${JSON.stringify({ dataset: { id: 'huge', properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: COUNT })}\n`;
  let piece = '';
  for (let i = 0; i < COUNT; i += 1) {
    const [west, south] = [(i % COLUMNS) * 0.3 - 150, Math.floor(i / COLUMNS) * 0.1 - 60];
    piece += `${JSON.stringify({ href: `https://cogs.example.com/flood/2024/tile_${i + 1}.tif`, bbox: [west, south, west + 0.3, south + 0.1], index: i + 1, row: Math.floor(i / COLUMNS), col: i % COLUMNS, 'file:size': 1_048_576, gsd: 30, 'proj:code': 'EPSG:4326', bands: [{ name: 'depth' }] })}\n`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

function send(method: string, path: string, body?: Iterable<string>): Promise<{ status: number; body: Loose }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(server.url + path, { method, headers: body === undefined ? {} : { 'content-type': 'application/x-ndjson' } }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: (text === '' ? {} : JSON.parse(text)) as Loose }));
    });
    outgoing.on('error', reject);
    if (body === undefined) outgoing.end();
    else pipeline(Readable.from(body), outgoing).catch(reject);
  });
}

it(`${COUNT} tiles are posted, read and deleted${long ? ' in flat memory' : ''}`, async () => {
  const before = long ? await peakOf(server.process.pid) : 0;
  const began = performance.now();
  const posted = await send('POST', '/api/datasets', lines());
  const seconds = Math.round((performance.now() - began) / 1000);
  expect({ status: posted.status, body: posted.body }).toMatchObject({ status: 201, body: { tile_count: COUNT, warnings: [] } });
  if (long) {
    const grown = Math.round(((await peakOf(server.process.pid)) - before) / MB);
    process.stderr.write(`${COUNT} tiles in ${seconds} s; the server grew from ${Math.round(before / MB)} MB by ${grown} MB\n`);
    expect(grown).toBeLessThan(300);
  }
  const page = await send('GET', '/api/datasets/huge/tiles?limit=1');
  expect(page.body).toMatchObject({ numberMatched: COUNT, features: [{ properties: { tile_index: 1, title: `Tile 001 of ${COUNT}` } }] });
  // A raster's outline is exact: one ring of four corners.
  expect((await send('GET', '/api/datasets/huge')).body['geometry']?.['coordinates']?.['0']).toHaveLength(5);
  expect((await send('DELETE', '/api/datasets/huge')).status).toBe(204);
  expect((await send('GET', '/api/datasets/huge')).status).toBe(404);
}, 1_200_000);
