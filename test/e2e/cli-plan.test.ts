/** `stac-mosaic plan` as users run it: tables, JSON, jobs, and what is wrong with an input. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Loose, listOf, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { runProgram } from '../support/process.js';
import { startTestServer, type TestServer } from '../support/server.js';

let folder = '';
let raster = '';
let server: TestServer;

/** Small enough to be made here, large enough for six tiles of one block. */
const GRID = ['--threshold', '1kB', '--target-size', '1kB', '--overlap', '16'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-plan-'));
  raster = join(folder, 'flood 2024.tif');
  await writeFile(raster, await makeCog({ width: 1100, height: 600, bands: 1, west: 10, north: 50, res: 0.001, pixels: (x, y) => [(x * y) % 251] }));
  server = await startTestServer();
}, 120_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const json = (stdout: string): Loose => JSON.parse(stdout) as Loose;

describe('plan', () => {
  it('says that a small raster is left in one piece', async () => {
    const { code, stdout, stderr } = await runProgram(['plan', raster]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('1100 x 600 pixels, 1 band of uint8, deflate');
    expect(stdout).toContain('No need to tile: it is not larger than 2 GB');
  });

  it('prints the grid as a table: rows, columns, windows, boxes', async () => {
    const { code, stdout } = await runProgram(['plan', raster, ...GRID]);
    expect(code).toBe(0);
    expect(stdout).toContain('2 rows of 3 tiles, 512 x 512 pixels each');
    expect(stdout).toMatch(/^ +6 +1 +2 +1024 512 76 88 +1008 496 92 104 .* 11\.024 49\.4 11\.1 49\.488 /m);
  });

  it('gives the same as JSON, for tools', async () => {
    const { code, stdout, stderr } = await runProgram(['plan', pathToFileURL(raster).href, ...GRID, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const plan = json(stdout);
    expect(plan).toMatchObject({ should_tile: true, rows: 2, cols: 3, tile_count: 6, overlap: 16, block: 512, raster: { 'proj:code': 'EPSG:4326', 'proj:shape': [600, 1100], bands: 1, data_type: 'uint8' } });
    expect(listOf(plan['tiles']).map((tile) => tile['window'])).toEqual([[0, 0, 512, 512], [512, 0, 512, 512], [1024, 0, 76, 512], [0, 512, 512, 88], [512, 512, 512, 88], [1024, 512, 76, 88]]);
    expect(listOf(plan['tiles'])[1]).toMatchObject({ index: 2, row: 0, col: 1, buffered_window: [496, 0, 544, 528], bbox: [10.512, 49.488, 11.024, 50] });
  });

  it('reads a raster over HTTP', async () => {
    await server.file('a.tif', await makeCog({ width: 64, height: 64 }));
    const { createServer } = await import('node:http');
    const { readFile } = await import('node:fs/promises');
    const files = createServer((_request, response) => void readFile(raster).then((bytes) => response.end(bytes))).listen(0, '127.0.0.1');
    await new Promise((resolve) => files.once('listening', resolve));
    const address = files.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stdout, stderr } = await runProgram(['plan', `http://127.0.0.1:${port}/raster.tif`, ...GRID, '--json']);
    await new Promise((resolve) => files.close(resolve));
    expect([code, stderr]).toEqual([0, '']);
    expect(json(stdout)).toMatchObject({ tile_count: 6 });
  });

  it('makes a job with a task for each tile, named after the file', async () => {
    const { code, stdout, stderr } = await runProgram(['plan', raster, ...GRID, '--job', '--server', server.url, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const plan = json(stdout);
    const job = await server.request('GET', `/api/jobs/${text(plan['job_id'])}`);
    expect(job.body).toMatchObject({ dataset_id: 'flood 2024', expected: 6, complete: 0, state: 'RUNNING', missing: [1, 2, 3, 4, 5, 6] });
    expect(listOf(plan['tiles']).map((tile) => tile['index'])).toEqual([1, 2, 3, 4, 5, 6]);

    const named = await runProgram(['plan', raster, ...GRID, '--job', '--dataset', 'other', '--title', 'Flood', '--server', `${server.url}/`]);
    expect(named.code).toBe(0);
    expect(named.stdout).toMatch(/^Job \S+ waits for 6 tasks: PUT http\S+\/api\/jobs\/\S+\/tasks\/\{tile\}$/m);
  });

  it.each([
    ['a file that is not there', ['plan', '/nosuch.tif'], 1, 'there is no such file'],
    ['a file that is no TIFF', ['plan', 'package.json'], 1, 'it is not a TIFF'],
    ['no raster', ['plan'], 2, "missing required argument 'raster'"],
    ['an unknown option', ['plan', 'a.tif', '--tiles', '4'], 2, "unknown option '--tiles'"],
    ['a bad size', ['plan', 'a.tif', '--target-size', 'big'], 2, 'A size such as 1GB'],
    ['a bad overlap', ['plan', 'a.tif', '--overlap', '-1'], 2, 'A whole number from 0'],
    ['a dataset without a job', ['plan', 'a.tif', '--dataset', 'x'], 2, 'they need --job'],
    ['a server that is no URL', ['plan', 'a.tif', '--job', '--server', 'localhost'], 2, 'A URL such as'],
    ['a blob without an account', ['plan', 'az://cogs/a.tif'], 1, 'AZURE_STORAGE_ACCOUNT'],
  ])('says what is wrong with %s', async (_what, args, exit, words) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });

  it('names the server that does not answer, as JSON too', async () => {
    const { code, stdout, stderr } = await runProgram(['plan', raster, '--job', '--server', 'http://127.0.0.1:1', '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain('No server answers at http://127.0.0.1:1');
    expect(text(json(stdout)['error']?.['message'])).toContain('No server answers');
  });

  it('passes on what the server says: a dataset that exists', async () => {
    const tile = { href: 'https://example.com/a.tif', bbox: [0, 0, 1, 1] };
    expect((await server.request('POST', '/api/datasets', { body: { dataset: { id: 'there' }, tiles: [tile] } })).status).toBe(201);
    const { code, stderr } = await runProgram(['plan', raster, '--job', '--dataset', 'there', '--server', server.url]);
    expect(code).toBe(1);
    expect(stderr).toContain('The server answers 409: Dataset there exists');
    expect((await runProgram(['plan', raster, '--job', '--dataset', 'there', '--replace', '--server', server.url])).code).toBe(0);
  });
});
