/** Mosaics: our GET, from the database to the last byte, against cogeo-mosaic with the same features in memory; register and TileJSON against titiler-pgstac. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../src/config.js';
import { openDatabase } from '../src/database/index.js';
import { SEED_COLLECTIONS } from '../src/datasets/collections.js';
import { silentLogger } from '../src/log.js';
import { barChart } from './chart.js';
import { fetchText, httpRate, type Rate } from './load.js';
import { fillFootprints, footprints, type Located } from './mosaic-data.js';
import { installMosaics, installTiler, type Listening, MOSAICS, startOurs, startTiler, TILER } from './peer.js';
import { benchPostgres, createDatabase } from './postgres.js';

const DATABASE = 'stac_mosaic_bench_mosaic';
const FOLDER = join(tmpdir(), 'stac-mosaic-bench');
const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
const SIZES = [1000, 10_000, 100_000];
/** cogeo-mosaic's time grows with the square of the footprints: half an hour and more at 100,000. */
const PEER_UP_TO = Number(process.env['BENCH_PEER_UP_TO'] ?? 10_000);
const ZOOM = 8;
const ROUNDS = 7;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);

interface Built {
  readonly count: number;
  /** Seconds, the middle one of the rounds. */
  readonly ours: number;
  readonly notModified: number;
  /** Megabytes that the process grew by at its most, from before the first request of this size. */
  readonly growth: number;
  readonly peer: number | undefined;
}

interface Compared {
  readonly name: string;
  readonly ours: Rate;
  readonly peer: Rate;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function benchMosaic(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const { server, stop } = await benchPostgres();
  const database = new URL(`/${DATABASE}`, server);
  try {
    await createDatabase(server, database);
    const config = loadConfig({ ...process.env, DATABASE_URL: database.href, DATA_DIR: FOLDER });
    const opened = await openDatabase(config, { logger: silentLogger(), collections: SEED_COLLECTIONS });
    for (const count of SIZES) await fillFootprints(opened.pool, idOf(count), footprints(count));
    await opened.close();
    const ours = await startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), database, 18_083, FOLDER);
    try {
      const built: Built[] = [];
      for (const count of SIZES) built.push(await measure(ours, count, footprints(count)));
      write(built, await compare(ours, database));
    } finally {
      await ours.stop();
    }
  } finally {
    await stop();
  }
}

const idOf = (count: number): string => `mosaic-${count}`;

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function measure(ours: Listening, count: number, features: readonly Located[]): Promise<Built> {
  const url = `${ours.url}/collections/${idOf(count)}/mosaic.json?overlap=first&quadkey_zoom=${ZOOM}`;
  const before = residentMegabytes(ours.pid);
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMegabytes(ours.pid))), 20);
  // Compiled and with warm pages first, as a server is.
  for (let round = 0; round < 3; round += 1) await fetchText({ method: 'GET', url }, undefined, false);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) took.push(await seconds(() => fetchText({ method: 'GET', url }, undefined, false)));
  clearInterval(watch);
  const { headers } = await fetch(url, { method: 'HEAD' });
  const known = { headers: { 'if-none-match': headers.get('etag') ?? '' } };
  const checks: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) checks.push(await seconds(() => fetch(url, known)));
  const peer = count <= PEER_UP_TO ? await peerSeconds(features) : undefined;
  const row = { count, ours: middle(took), notModified: middle(checks), growth: most - before, peer };
  say(`${count}: ours ${f(row.ours)} s, 304 ${f(row.notModified)} s, grows ${Math.round(row.growth)} MB, ${MOSAICS} ${peer === undefined ? '-' : `${f(peer)} s (${Math.round(peer / row.ours)}x)`}`);
  return row;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Where the system tells; else not a number. */
function residentMegabytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}

function peerSeconds(features: readonly Located[]): Promise<number> {
  const script = fileURLToPath(new URL('../../bench/python/mosaic_from_features.py', import.meta.url));
  const child = spawn(installMosaics(FOLDER), [script, String(ZOOM)], { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve((JSON.parse(text) as { seconds: number }).seconds) : reject(new Error(`${MOSAICS} ended with ${code}.`))));
    child.stdin.end(JSON.stringify(features));
  });
}

/** One client and one process each, so that each request stands for itself. */
async function compare(ours: Listening, database: URL): Promise<Compared[]> {
  const tiler = await startTiler(installTiler(FOLDER), database, 18_084);
  try {
    const search = { collections: [idOf(10_000)], 'filter-lang': 'cql2-json' };
    const bodies = Array.from({ length: 50 }, (_, n) => JSON.stringify({ ...search, bbox: [n, 0, n + 10, 10] }));
    const { id } = JSON.parse(await fetchText({ method: 'POST', url: `${ours.url}/searches/register`, body: JSON.stringify(search) }, undefined, true)) as { id: string };
    const register = (at: Listening): Promise<Rate> => httpRate(bodies.map((body) => ({ method: 'POST', url: `${at.url}/searches/register`, body })), 1, SECONDS);
    const tilejson = (at: Listening): Promise<Rate> => httpRate([{ method: 'GET', url: `${at.url}/searches/${id}/WebMercatorQuad/tilejson.json?assets=data` }], 1, SECONDS);
    const rows: Compared[] = [];
    for (const [name, rate] of [['register a search', register], ['TileJSON of 10,000 items', tilejson]] as const) {
      const row = { name, ours: await rate(ours), peer: await rate(tiler) };
      rows.push(row);
      say(`${name}: ours ${Math.round(row.ours.perSecond)}/s, ${TILER} ${Math.round(row.peer.perSecond)}/s (${(row.ours.perSecond / row.peer.perSecond).toFixed(1)}x)`);
    }
    return rows;
  } finally {
    await tiler.stop();
  }
}

const f = (value: number): string => (value < 1 ? value.toFixed(3) : value.toFixed(1));

function write(built: readonly Built[], compared: readonly Compared[]): void {
  mkdirSync(DOCS, { recursive: true });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const table = built.map(({ count, ours, notModified, growth, peer }) =>
    `| ${count.toLocaleString('en')} | ${f(ours)} | ${f(notModified)} | ${Math.round(growth)} | ${peer === undefined ? '' : f(peer)} | ${peer === undefined ? '' : `**${Math.round(peer / ours)}x**`} |`);
  const others = compared.map(({ name, ours, peer }) => `| ${name} | ${Math.round(ours.perSecond)} | ${Math.round(peer.perSecond)} | **${(ours.perSecond / peer.perSecond).toFixed(1)}x** |`);
  const text = `# Mosaics

Made by \`npm run bench -- mosaic\` on ${machine}: server, PostgreSQL and client share the machine. Footprints are turned rectangles 0.2 to 1 degree
wide over the world, each an item with one COG, quadkey zoom ${ZOOM}. Ours is one GET of the collection's \`mosaic.json\`, from the rows of pgSTAC 0.10.0 to the last
byte, the middle one of ${ROUNDS}; 304 is the same with its ETag while nobody writes. The peer is ${MOSAICS}'s \`MosaicJSON.from_features\` on the same features in memory, without reading
or sending them; it is not waited for beyond ${PEER_UP_TO.toLocaleString('en')} footprints (\`BENCH_PEER_UP_TO\`).

![Seconds to a MosaicJSON](mosaic.svg)

| footprints | GET, s | 304, s | memory, MB | ${MOSAICS}, s | ratio |
|---|---|---|---|---|---|
${table.join('\n')}

Answers a second for one client, ${TILER} without its cache beside us on the same database. Its TileJSON says the whole world; ours measures the items.

| request | ours | ${TILER} | ratio |
|---|---|---|---|
${others.join('\n')}
`;
  writeFileSync(new URL('mosaic.md', DOCS), text);
  const groups = built.map(({ count, ours, peer }) => ({
    name: `${count.toLocaleString('en')} footprints`,
    bars: [{ name: 'stac-mosaic', value: ours * 1000 }, ...(peer === undefined ? [] : [{ name: 'cogeo-mosaic', value: peer * 1000 }])],
  }));
  writeFileSync(new URL('mosaic.svg', DOCS), barChart('Time to a MosaicJSON', 'milliseconds', groups));
  say(text);
}
