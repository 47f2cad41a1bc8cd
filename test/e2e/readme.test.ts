/** The README's commands are run as they stand, but for the port and the data folder. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheDir } from '../support/database.js';
import { freePort } from '../support/free-port.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const run = promisify(execFile);
const python = process.env['STAC_MOSAIC_TEST_PYTHON'];

let server: ChildProcess | undefined;
let folder = '';
let port = 0;
let output = '';
let readme = '';

const blocks = (language: string): string[] => [...readme.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map((match) => match[1] ?? '');

const here = (command: string): string => command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);

beforeAll(async () => {
  readme = await readFile(join(root, 'README.md'), 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'readme-'));
  port = await freePort();
  const env = { ...process.env, PORT: String(port), DATA_DIR: folder, CACHE_DIR: cacheDir, DATABASE_URL: '', NODE_OPTIONS: '' };
  const child = spawn('sh', ['-c', blocks('sh')[0] ?? ''], { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  server = child;
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', () => output.includes('map.html') && resolve());
    child.on('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${output}`)));
  });
}, 120_000);

afterAll(async () => {
  if (server?.pid !== undefined && server.exitCode === null) {
    const gone = new Promise((resolve) => server?.once('exit', resolve));
    process.kill(-server.pid, 'SIGTERM');
    await gone;
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
}, 60_000);

describe('the README', () => {
  it('starts the demo with its first command, and each URL printed answers', async () => {
    const urls = [...output.matchAll(/^(Dataset|MosaicJSON|TileJSON|Map) +(\S+)$/gm)].map((match) => match[2] ?? '');
    expect(urls).toHaveLength(4);
    for (const url of urls) expect((await fetch(url)).status).toBe(200);
  });

  it('publishes, reads and deletes a dataset with the commands that follow', async () => {
    const [, post = '', read = ''] = blocks('sh');
    const posted = JSON.parse((await run('sh', ['-ec', here(post)])).stdout) as { tile_count: number };
    expect(posted.tile_count).toBe(2);
    const again = JSON.parse((await run('sh', ['-ec', here(post)])).stdout) as object;
    expect(again).toEqual(posted);
    const { stdout } = await run('sh', ['-ec', here(read)]);
    expect(stdout).toContain('"mosaicjson":"0.0.3"');
    expect(stdout).toContain('"id":"flood_2024"');
    expect((await fetch(`http://127.0.0.1:${port}/api/datasets/flood_2024`)).status).toBe(404);
  });

  (python === undefined ? it.skip : it)('finds the demo with pystac-client as it shows (needs STAC_MOSAIC_TEST_PYTHON)', async () => {
    const { stdout } = await run(python ?? '', ['-c', here(blocks('python')[0] ?? '')]);
    expect(stdout).toContain('blue-marble');
  });

  it('names every variable of the configuration', async () => {
    const files = (await readdir(join(root, 'src'))).filter((name) => name.startsWith('config'));
    const config = (await Promise.all(files.map((name) => readFile(join(root, 'src', name), 'utf8')))).join('\n');
    const read = new Set([...config.matchAll(/(?:reader|variables)\.\w+\('([A-Z_]+)'/g)].map((match) => match[1] ?? ''));
    const missing = [...read].filter((name) => !readme.includes(name));
    expect(missing).toEqual([]);
  });
});
