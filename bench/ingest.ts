/** Tiles and items written: ours, `pypgstac load` and stac-fastapi-pgstac's transactions, on one PostgreSQL. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { barChart } from './chart.js';
import { type HeaderTimes, measureHeaders } from './headers.js';
import { collectionOf, item, writeItems, writeTiles } from './ingest-data.js';
import { installLoader, installPeer, LOADER, PEER, RIO_STAC, startOurs, startPeer } from './peer.js';
import { benchPostgres, freshDatabase } from './postgres.js';

const FOLDER = join(tmpdir(), 'stac-mosaic-bench');
const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
const ROUNDS = 3;
/** BENCH_TILES=1000000 adds the million. */
const MANY = Number(process.env['BENCH_TILES'] ?? 100_000);
const BULK = 1000;
const SINGLES = 200;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Seconds of a whole command. */
async function timed(command: string, args: readonly string[]): Promise<number> {
  const started = performance.now();
  const [status] = (await once(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')) as [number | null];
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`);
  return (performance.now() - started) / 1000;
}

async function sent(url: string, method: string, body: unknown): Promise<number> {
  const started = performance.now();
  const response = await fetch(url, { method, headers: { 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url} answers ${response.status}: ${text.slice(0, 500)}`);
  return performance.now() - started;
}

const residentMb = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

interface Posted {
  readonly seconds: number;
  /** How much the server's memory grew at most, in MB. */
  readonly growth: number;
}

/** One atomic post by curl, which reads the file as it sends it. */
async function post(url: string, pid: number, file: string): Promise<Posted> {
  const before = residentMb(pid);
  let most = 0;
  const started = performance.now();
  const answer = join(FOLDER, 'answer.json');
  const child = spawn('curl', ['-sS', '--fail-with-body', '-o', answer, '-T', file, '-X', 'POST', '-H', 'content-type: application/x-ndjson', '-H', 'expect:', `${url}/api/datasets`], { stdio: 'inherit' });
  const watch = setInterval(() => (most = Math.max(most, residentMb(pid) - before)), 100);
  const [status] = (await once(child, 'exit')) as [number | null];
  clearInterval(watch);
  if (status !== 0) throw new Error(`curl ended with ${status}: ${readFileSync(answer, 'utf8').slice(0, 1000)}`);
  return { seconds: (performance.now() - started) / 1000, growth: most };
}

export async function benchIngest(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const headers = await measureHeaders(FOLDER, say);
  const { server, stop } = await benchPostgres();
  const database = new URL('/stac_mosaic_bench_ingest', server);
  try {
    await freshDatabase(server, database);
    const ours = await startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), database, 18_083, FOLDER);
    try {
      const loads = [await measureLoad(ours, database, 10_000, ROUNDS), await measureLoad(ours, database, 100_000, 1)];
      const million = MANY > 100_000 ? await measureOurs(ours, MANY) : undefined;
      const writes = await measureWrites(ours.url, database);
      write(loads, million, writes, headers);
    } finally {
      await ours.stop();
    }
  } finally {
    await stop();
  }
}

interface Load {
  readonly count: number;
  readonly ours: number;
  readonly growth: number;
  readonly loader: number;
}

type Ours = Awaited<ReturnType<typeof startOurs>>;

async function measureOurs({ url, pid }: Ours, count: number): Promise<Posted> {
  const file = join(FOLDER, `tiles-${count}.ndjson`);
  await writeTiles(file, `bench-${count}`, count);
  const posted = await post(url, pid, file);
  say(`${count} tiles: ours ${posted.seconds.toFixed(2)} s, memory +${posted.growth.toFixed(0)} MB`);
  const gone = await sent(`${url}/api/datasets/bench-${count}`, 'DELETE', undefined);
  say(`${count} tiles deleted in ${(gone / 1000).toFixed(2)} s`);
  rmSync(file);
  return posted;
}

/** In turn, so that what else the machine does falls on both; the middle of some rounds. */
async function measureLoad({ url, pid }: Ours, database: URL, count: number, rounds: number): Promise<Load> {
  const loader = installLoader(FOLDER);
  const [tiles, items, collection] = [join(FOLDER, `tiles-${count}.ndjson`), join(FOLDER, `items-${count}.ndjson`), `load-${count}`];
  await writeTiles(tiles, `bench-${count}`, count);
  const [ours, theirs, growth]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const posted = await post(url, pid, tiles);
    ours.push(posted.seconds);
    growth.push(posted.growth);
    if (round === 0) await writeItems(items, url, `bench-${count}`, collection);
    await sent(`${url}/api/datasets/bench-${count}`, 'DELETE', undefined);
    await sent(`${url}/collections`, 'POST', collectionOf(collection));
    theirs.push(await timed(loader, ['load', 'items', items, '--dsn', database.href, '--method', 'insert']));
    await sent(`${url}/collections/${collection}`, 'DELETE', undefined);
  }
  const load = { count, ours: median(ours), growth: Math.max(...growth), loader: median(theirs) };
  say(`${count} tiles: ours ${load.ours.toFixed(2)} s (memory +${load.growth.toFixed(0)} MB), ${LOADER} ${load.loader.toFixed(2)} s (${(load.loader / load.ours).toFixed(2)}x)`);
  rmSync(tiles);
  rmSync(items);
  return load;
}

interface Write {
  readonly name: string;
  /** Milliseconds. */
  readonly ours: number;
  readonly peer: number;
}

async function measureWrites(ours: string, database: URL): Promise<Write[]> {
  const peer = await startPeer(installPeer(FOLDER), database, 18_084, 1, { ENABLE_TRANSACTIONS_EXTENSIONS: 'TRUE' });
  try {
    const writes: Write[] = [];
    const both = async (name: string, once: (base: string, collection: string) => Promise<number>): Promise<void> => {
      const took: number[] = [];
      for (const base of [ours, peer.url]) {
        const collection = `writes-${base === ours ? 'ours' : 'peer'}`;
        await sent(`${ours}/collections`, 'POST', collectionOf(collection));
        took.push(await once(base, collection));
        await sent(`${ours}/collections/${collection}`, 'DELETE', undefined);
      }
      const [mine = 0, its = 0] = took;
      writes.push({ name, ours: mine, peer: its });
      say(`${name}: ours ${mine.toFixed(1)} ms, ${PEER} ${its.toFixed(1)} ms (${(its / mine).toFixed(1)}x)`);
    };
    await both(`${BULK} items by bulk_items`, (base, collection) => {
      const items = Object.fromEntries(Array.from({ length: BULK }, (_, n) => [`b${n}`, { ...item(`b${n}`, n), collection }]));
      return sent(`${base}/collections/${collection}/bulk_items`, 'POST', { items, method: 'insert' });
    });
    await both('one item by POST, the middle of 200', async (base, collection) => {
      const took: number[] = [];
      for (let n = 0; n < SINGLES; n += 1) took.push(await sent(`${base}/collections/${collection}/items`, 'POST', { ...item(`s${n}`, n), collection }));
      return median(took);
    });
    return writes;
  } finally {
    await peer.stop();
  }
}

function write(loads: readonly Load[], million: Posted | undefined, writes: readonly Write[], headers: readonly HeaderTimes[]): void {
  mkdirSync(DOCS, { recursive: true });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const count = (n: number): string => n.toLocaleString('en');
  const rows = loads.map((load) => `| ${count(load.count)} | ${load.ours.toFixed(2)} s | ${load.growth.toFixed(0)} MB | ${load.loader.toFixed(2)} s | **${(load.loader / load.ours).toFixed(2)}x** |`);
  if (million !== undefined) rows.push(`| ${count(MANY)} | ${million.seconds.toFixed(1)} s | ${million.growth.toFixed(0)} MB | | |`);
  const text = `# Tiles and items written

Made by \`npm run bench -- ingest\` on ${machine}: server, PostgreSQL and the clients share the machine. pgSTAC 0.10.0.

One dataset as one atomic NDJSON post by curl, against \`${LOADER} load items\` of the same items: whole commands, from the file to the commit. Memory is
what the server's resident size grew by.

| tiles | ours | memory | ${LOADER} load | ratio |
|---|---|---|---|---|
${rows.join('\n')}

Against ${PEER}:

| write | ours | peer | ratio |
|---|---|---|---|
${writes.map(({ name, ours, peer }) => `| ${name} | ${ours.toFixed(1)} ms | ${peer.toFixed(1)} ms | **${(peer / ours).toFixed(1)}x** |`).join('\n')}

COGs as GDAL writes them, half in EPSG:4326, half in UTM, each header read into a STAC item, against \`create_stac_item\` of ${RIO_STAC} without reading pixels. CPU of the whole
processes, imports included:

| read | ours | peer | ours of peer's |
|---|---|---|---|
${headers.map(({ name, ours, peer }) => `| ${name} | ${ours.toFixed(0)} ms | ${peer.toFixed(0)} ms | **${(ours / peer).toFixed(2)}** |`).join('\n')}

![Milliseconds of a write](ingest.svg)
`;
  writeFileSync(new URL('ingest.md', DOCS), text);
  const groups = [
    ...loads.map((load) => ({ name: `${count(load.count)} tiles`, bars: [{ name: 'stac-mosaic', value: load.ours * 1000 }, { name: 'pypgstac load', value: load.loader * 1000 }] })),
    ...writes.map(({ name, ours, peer }) => ({ name: name.split(',')[0] ?? name, bars: [{ name: 'stac-mosaic', value: ours }, { name: 'stac-fastapi-pgstac', value: peer }] })),
  ];
  writeFileSync(new URL('ingest.svg', DOCS), barChart('What a write takes', 'milliseconds', groups));
  say(text);
}
