/**
 * The image without an engine: the Dockerfile's own instructions are run one by one in folders that stand for its file systems,
 * and what comes out is started as the image would be, as another user who can write nowhere but in /data and /tmp.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { makeCog } from '../support/cogs.js';
import { LONG } from '../support/faults.js';
import { freePort } from '../support/free-port.js';
import { root } from '../support/process.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

interface Stage {
  readonly folder: string;
  env: Record<string, string>;
  entrypoint: string[];
  command: string[];
  health: string[];
  user: string;
}

/** What may be spelled in a Dockerfile of ours: one instruction a line. */
const instructionsOf = (text: string): Instruction[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => ({ word: /^\w+/.exec(line)?.[0] ?? '', rest: line.replace(/^\w+\s+/, '') }));

/** /app, /data and the like inside of a stage's folder. */
const inside = (folder: string, text: string): string => text.replaceAll(/(^|[\s='"(])\/(app|data)\b/g, (_all, before: string, name: string) => `${before}${folder}/${name}`);

async function build(context: string, folder: string): Promise<Stage> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { word, rest } of instructionsOf(await readFile(join(root, 'Dockerfile'), 'utf8'))) {
    if (word === 'FROM') {
      stage = { folder: join(folder, String(stages.size)), env: {}, entrypoint: [], command: [], health: [], user: '' };
      await mkdir(join(stage.folder, 'app'), { recursive: true });
      stages.set(/ AS (\w+)/.exec(rest)?.[1] ?? '', stage);
      continue;
    }
    if (stage === undefined) throw new Error('The Dockerfile begins without FROM.');
    const app = join(stage.folder, 'app');
    const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TMPDIR: tmpdir(), ...stage.env };
    switch (word) {
      case 'ENV':
        for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[name] = inside(stage.folder, value);
        break;
      case 'COPY': {
        const words = rest.split(/\s+/);
        const owner = words.find((said) => said.startsWith('--chown='))?.slice(8);
        const from = words.find((said) => said.startsWith('--from='))?.slice(7);
        const paths = words.filter((said) => !said.startsWith('--'));
        const target = paths.pop() ?? '';
        for (const path of paths) {
          const source = from === undefined ? join(context, path) : join(stages.get(from)?.folder ?? '', path);
          const into = target === './' ? join(app, path === '.' ? '' : (path.split('/').at(-1) ?? '')) : join(app, target);
          await mkdir(dirname(into), { recursive: true });
          await cp(source, target === '.' ? app : into, { recursive: true, verbatimSymlinks: true });
          if (owner !== undefined) await run('chown', ['-R', owner, into]);
        }
        break;
      }
      case 'RUN':
        // The packages of the base image are this machine's.
        if (!rest.startsWith('apt-get')) await run('sh', ['-ec', inside(stage.folder, rest)], { cwd: app, env, maxBuffer: 2 ** 26 });
        break;
      case 'ENTRYPOINT': stage.entrypoint = JSON.parse(rest) as string[]; break;
      case 'CMD': stage.command = JSON.parse(rest) as string[]; break;
      case 'HEALTHCHECK': stage.health = JSON.parse(/CMD (.+)$/.exec(rest)?.[1] ?? '[]') as string[]; break;
      case 'USER': stage.user = rest; break;
      case 'WORKDIR': expect(rest).toBe('/app'); break;
      default: expect(['VOLUME', 'EXPOSE', 'STOPSIGNAL']).toContain(word);
    }
  }
  if (stage === undefined) throw new Error('The Dockerfile is empty.');
  return stage;
}

/** What `docker build` would send: what is committed or new, without what .dockerignore names. */
async function makeContext(folder: string): Promise<void> {
  const ignored = new Set((await readFile(join(root, '.dockerignore'), 'utf8')).split('\n').filter((line) => line !== ''));
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, maxBuffer: 2 ** 24 });
  for (const path of stdout.trimEnd().split('\n')) {
    if (!ignored.has(path.split('/')[0] ?? '')) await cp(join(root, path), join(folder, path), { recursive: true });
  }
}

(LONG && isRoot && process.platform === 'linux' ? describe : describe.skip)('the image (TEST_LONG, needs root to be somebody else)', () => {
  let folder: string;
  let stage: Stage;
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-image-'));
    await chmod(folder, 0o755);
    await makeContext(join(folder, 'context'));
    stage = await build(join(folder, 'context'), folder);
  }, 900_000);

  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });
  afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }));

  const start = (env: Record<string, string>) => {
    const [uid = '', gid = ''] = stage.user.split(':');
    const words = ['--reuid', uid, '--regid', gid, '--clear-groups', '--', process.execPath, ...stage.entrypoint.slice(1), ...stage.command];
    const child = spawn('setpriv', words, { cwd: join(stage.folder, 'app'), env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...stage.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    return { child, ended, said: () => said };
  };

  it('carries no development packages, and says what it carries', async () => {
    const packages = await readdir(join(stage.folder, 'app/node_modules'));
    for (const name of ['typescript', 'jest', 'azurite', 'oxlint']) expect(packages).not.toContain(name);
    const { bomFormat, components } = JSON.parse(await readFile(join(stage.folder, 'app/sbom.cdx.json'), 'utf8')) as { bomFormat: string; components: { name: string }[] };
    expect([bomFormat, components.some(({ name }) => name === 'express'), components.some(({ name }) => name === 'jest')]).toEqual(['CycloneDX', true, false]);
  });

  it('refuses to listen everywhere without AUTH', async () => {
    const { ended, said } = start({});
    expect(await ended).toBe(2);
    expect(said()).toContain('AUTH');
  }, 30_000);

  it('starts as a user without rights, from the database it carries, draws tiles, is found well by its own health check, and stops with 0', async () => {
    const port = String(await freePort());
    const cogs = join(folder, 'cogs');
    await mkdir(cogs, { mode: 0o755 });
    await writeFile(join(cogs, 'red.tif'), await makeCog({ width: 90, height: 90, res: 1, west: 0, north: 90, block: 64, pixels: () => [200, 10, 10] }));
    const { child, ended, said } = start({ PORT: port, AUTH: 'api-key', API_KEYS: 'admin:tested-key', ALLOWED_FILE_ROOTS: cogs });
    while (!said().includes('listens on')) {
      if (child.exitCode !== null) throw new Error(said());
      await delay(50);
    }
    expect(said()).not.toContain('Installing');
    const [, ...health] = stage.health;
    await run(process.execPath, health, { env: { ...process.env, PORT: port, NODE_OPTIONS: '' } });
    const url = `http://127.0.0.1:${port}`;
    const body = JSON.stringify({ dataset: { id: 'red' }, tiles: [{ href: pathToFileURL(join(cogs, 'red.tif')).href }] });
    expect((await fetch(`${url}/api/datasets`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': 'tested-key' }, body })).status).toBe(201);
    for (const [path, type] of [['/collections', 'application/json'], ['/?f=html', 'text/html'], ['/api/datasets/red/preview', 'image/png']] as const) {
      const answer = await fetch(url + path);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, expect.stringContaining(type)]);
    }
    const changed = await run('find', [join(stage.folder, 'app'), '-user', stage.user.split(':')[0] ?? '', '-not', '-path', '*/app/template*']);
    expect(changed.stdout).toBe('');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  }, 120_000);
});
