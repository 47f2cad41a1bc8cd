/** Requests made out of our own OpenAPI document by schemathesis 4.32: what is answered is what is described. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { hrefOf } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { authOf, bearer } from '../support/auth.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

const python = process.env['STAC_MOSAIC_TEST_PYTHON'];
const checks = resolve('test/peers/python');

/** No 500; 501 to 504 are documented where a COG or the blob store is to blame. */
const CONFIG = '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501", "502", "503", "504"]\n';
const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance', 'unsupported_method', 'allow_header_conformance', 'refuses_what_is_wrong'];
/** Seconds for each of the runs with keys that write, and with one that only reads; examples of each operation. */
const [BUDGET, READER, EXAMPLES] = process.env['TEST_LONG'] === '1' ? [600, 300, 40] : [30, 10, 4];

interface Run {
  readonly code: number | null;
  readonly output: string;
}

interface Fuzzing {
  /** Of the caller. */
  readonly key: string;
  /** Values that every path gets; without them the fuzzer makes its own. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly options?: readonly string[];
  readonly seconds?: number;
}

async function fuzz(url: string, { key, parameters = {}, options = [], seconds = BUDGET }: Fuzzing): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-schemathesis-'));
  try {
    const config = join(folder, 'schemathesis.toml');
    const values = Object.entries(parameters).map(([name, value]) => `"path.${name}" = ${JSON.stringify(value)}\n`);
    await writeFile(config, values.length === 0 ? CONFIG : `${CONFIG}[parameters]\n${values.join('')}`);
    const fixed = ['--seed', '20241015', '--max-examples', String(EXAMPLES), '--max-time', String(seconds), '--header', `Authorization: ${bearer(key)['authorization']}`, '--phases', 'coverage,fuzzing', '--checks', CHECKS.join(','), '--continue-on-failure', '--no-color', '--warnings', 'off'];
    return await run(['-m', 'schemathesis.cli', '--config-file', config, 'run', `${url}/api`, ...fixed, ...options], folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(args: readonly string[], cwd: string): Promise<Run> {
  const paths = [checks, process.env['PYTHONPATH']].filter((path) => path !== undefined);
  const child = spawn(python ?? '', args, { cwd, env: { ...process.env, PYTHONPATH: paths.join(delimiter), PYTHONDONTWRITEBYTECODE: '1', SCHEMATHESIS_HOOKS: 'schemathesis_checks' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, output }));
  });
}

(python === undefined ? describe.skip : describe)('Schemathesis, driven by the OpenAPI document,', () => {
  let server: TestServer;
  let keyed: TestVariant;

  beforeAll(async () => {
    server = await startTestServer();
    for (const id of ['alpha', 'beta']) await postDataset(server, datasetBody(id, boxTiles(4)));
    for (const id of ['first', 'second']) await makeCollection(server, id, ['a', 'b', 'c'].map((name, i) => itemBody(name, { bbox: [i, i, i + 1, i + 1] })));
    await makeCollection(server, 'secret', [itemBody('whisper')]);
    keyed = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;write:writer;admin:admin', COLLECTIONS_PRIVATE: 'secret:admin' }));
  }, 120_000);

  afterAll(async () => {
    await keyed?.close();
    await server?.close();
  });

  it('finds no server error and nothing undocumented among resources that are there', async () => {
    const { body } = await server.request('POST', '/searches/register', { body: { collections: ['first'] } });
    const there = { collectionId: 'first', itemId: 'a', datasetId: 'alpha', tileId: 'alpha_tile_001', searchId: hrefOf(body, 'mosaicjson').split('/').at(-2) ?? '', tileMatrixSetId: 'WebMercatorQuad', z: 3, x: 4, y: 3 };
    const { code, output } = await fuzz(keyed.url, { key: 'writer', parameters: there, options: ['--exclude-method', 'DELETE'] });
    expect(output).toMatch(/[1-9]\d* generated/);
    expect({ code, failures: code === 0 ? '' : output.slice(-8000) }).toEqual({ code: 0, failures: '' });
  }, (BUDGET + 60) * 1000);

  it('finds none where a key only reads, and nothing of it is written', async () => {
    const before = await server.written();
    const { code, output } = await fuzz(keyed.url, { key: 'reader', parameters: { collectionId: 'secret', itemId: 'whisper', datasetId: 'alpha' }, seconds: READER });
    expect(output).toMatch(/[1-9]\d* generated/);
    expect({ code, failures: code === 0 ? '' : output.slice(-8000) }).toEqual({ code: 0, failures: '' });
    expect(await server.written()).toEqual(before);
  }, (READER + 60) * 1000);

  it('finds none among whatever it can think of, with a key that may do all', async () => {
    const { code, output } = await fuzz(keyed.url, { key: 'admin' });
    expect(output).toMatch(/[1-9]\d* generated/);
    expect({ code, failures: code === 0 ? '' : output.slice(-8000) }).toEqual({ code: 0, failures: '' });
  }, (BUDGET + 60) * 1000);
});
