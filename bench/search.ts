/** Searches a second: ours, stac-fastapi-pgstac and plain SQL in turn, on one PostgreSQL with the same items. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { loadConfig } from '../src/config.js';
import { openDatabase } from '../src/database/index.js';
import { createPool } from '../src/database/pool.js';
import { SEED_COLLECTIONS } from '../src/datasets/collections.js';
import { silentLogger } from '../src/log.js';
import { barChart } from './chart.js';
import { fetchText, httpRate, type LoadRequest, type Rate } from './load.js';
import { installPeer, type Listening, PEER, startOurs, startPeer } from './peer.js';
import { benchPostgres, createDatabase } from './postgres.js';
import { boxes, type SearchCase, searchCases } from './search-cases.js';
import { fillCollection, hasData } from './search-data.js';
import { sqlRate } from './search-sql.js';

const DATABASE = 'stac_mosaic_bench';
/** Collections of other sizes, apart so that searches of all items are searches of 50,000. */
const GROWTH = 'stac_mosaic_bench_growth';
const FOLDER = join(tmpdir(), 'stac-mosaic-bench');
const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
const CLIENTS = [1, 8];
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 5);
const SIZES: readonly number[] = [10_000, 100_000];
const PAGE = 200;
/** What ours sets for its sessions, for every session of the database. */
const TUNING = { jit: 'off', max_parallel_workers_per_gather: '0', plan_cache_mode: 'force_custom_plan' };

interface Row {
  readonly name: string;
  readonly clients: number;
  readonly ours: Rate;
  readonly peer: Rate;
  readonly tuned: Rate;
  readonly sql: Rate | undefined;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function benchSearch(): Promise<void> {
  if (!hasData()) throw new Error('The items to measure with are not there: shared/data/naip beside the repository.');
  mkdirSync(FOLDER, { recursive: true });
  const { server, stop } = await benchPostgres();
  const at = (name: string): URL => new URL(`/${name}`, server);
  const uvicorn = installPeer(FOLDER);
  try {
    await prepare(server, at(DATABASE), [50_000]);
    await prepare(server, at(GROWTH), SIZES);
    const rows = await measure(at(DATABASE), uvicorn);
    const growth = await measureGrowth(at(GROWTH));
    write(rows, growth);
  } finally {
    await stop();
  }
}

async function prepare(server: string, url: URL, sizes: readonly number[]): Promise<void> {
  await createDatabase(server, url);
  const config = loadConfig({ ...process.env, DATABASE_URL: url.href, DATA_DIR: FOLDER });
  const opened = await openDatabase(config, { logger: silentLogger(), collections: SEED_COLLECTIONS });
  for (const count of sizes) await fillCollection(opened.pool, `naip-${count}`, count);
  await opened.close();
}

const startServer = (url: URL): Promise<Listening> => startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), url, 18_081, FOLDER);

/** One case after the other, the systems in turn within it, so that what else the machine does falls on all of them. */
async function measure(database: URL, uvicorn: string): Promise<Row[]> {
  const pool = createPool(database.href, { size: Math.max(...CLIENTS) }, silentLogger());
  const ours = await startServer(database);
  const cases = [...searchCases('naip-50000'), deepPage()];
  const rows: Row[] = [];
  for (const wanted of cases) {
    for (const clients of CLIENTS) {
      const rate = async (at: Listening): Promise<Rate> => httpRate(await requestsOf(wanted, at.url), clients, SECONDS);
      const mine = await rate(ours);
      const sql = wanted.name === DEEP ? undefined : await sqlRate(pool, wanted.requests(ours.url), clients, SECONDS);
      const peer = await withPeer(database, uvicorn, clients, false, rate);
      const tuned = await withPeer(database, uvicorn, clients, true, rate);
      rows.push({ name: wanted.name, clients, ours: mine, peer, tuned, sql });
      say(`${wanted.name}, ${clients} client(s): ours ${f(mine)}, peer ${f(peer)} (${x(mine, peer)}), tuned ${f(tuned)} (${x(mine, tuned)}), SQL ${sql === undefined ? '-' : f(sql)}`);
    }
  }
  await ours.stop();
  await pool.end();
  return rows;
}

/** The better of one and two processes; `tuned` with our settings for all sessions of the database. */
async function withPeer(database: URL, uvicorn: string, clients: number, tuned: boolean, rate: (at: Listening) => Promise<Rate>): Promise<Rate> {
  await tune(database, tuned);
  let best: Rate | undefined;
  for (const workers of clients === 1 ? [1] : [1, 2]) {
    const peer = await startPeer(uvicorn, database, 18_082, workers);
    let found: Rate;
    try {
      found = await rate(peer);
    } finally {
      await peer.stop();
    }
    if (best === undefined || found.perSecond > best.perSecond) best = found;
  }
  await tune(database, false);
  if (best === undefined) throw new Error('Nothing was measured.');
  return best;
}

async function tune(database: URL, on: boolean): Promise<void> {
  const client = new Client({ connectionString: database.href });
  await client.connect();
  for (const [name, value] of Object.entries(TUNING)) await client.query(`ALTER DATABASE ${DATABASE} ${on ? `SET ${name} = '${value}'` : `RESET ${name}`}`);
  await client.end();
}

const DEEP = `page ${PAGE} of all items, limit 10`;
const deepPage = (): SearchCase => ({ name: DEEP, requests: (base) => [{ method: 'GET', url: `${base}/search?limit=10` }] });

/** For deep paging: the page that `next` leads to after so many. */
async function requestsOf(wanted: SearchCase, base: string): Promise<LoadRequest[]> {
  const requests = wanted.requests(base);
  if (wanted.name !== DEEP) return requests;
  let [url] = requests.map((request) => request.url);
  for (let page = 1; page < PAGE; page += 1) {
    const { links } = JSON.parse(await fetchText({ method: 'GET', url: url ?? '' }, undefined, true)) as { links: { rel: string; href: string }[] };
    url = links.find(({ rel }) => rel === 'next')?.href;
  }
  return [{ method: 'GET', url: url ?? '' }];
}

/** The same page of 10 around the same places, and without any place, in collections of 10,000 and of 100,000 items. */
async function measureGrowth(database: URL): Promise<{ count: number; box: Rate; newest: Rate }[]> {
  const ours = await startServer(database);
  const rows: { count: number; box: Rate; newest: Rate }[] = [];
  // Places of the first ten rounds, which every collection has.
  const places = boxes(500, 0.25, 10);
  for (const count of SIZES) {
    const search = (body: object): LoadRequest => ({ method: 'POST', url: `${ours.url}/search`, body: JSON.stringify({ collections: [`naip-${count}`], limit: 10, ...body }) });
    const box = await httpRate(places.map((bbox) => search({ bbox })), 8, SECONDS);
    const newest = await httpRate([search({})], 8, SECONDS);
    rows.push({ count, box, newest });
    say(`${count} items: bbox ${f(box)}, newest ${f(newest)}`);
  }
  await ours.stop();
  return rows;
}

const f = ({ perSecond }: Rate): string => (perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond)));
const x = (a: Rate, b: Rate): string => `${(a.perSecond / b.perSecond).toFixed(1)}x`;

function write(rows: readonly Row[], growth: readonly { count: number; box: Rate; newest: Rate }[]): void {
  mkdirSync(DOCS, { recursive: true });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const table = rows.map(({ name, clients, ours, peer, tuned, sql }) => `| ${name} | ${clients} | ${f(ours)} | ${f(peer)} | **${x(ours, peer)}** | ${f(tuned)} | ${x(ours, tuned)} | ${sql === undefined ? '' : f(sql)} |`);
  const grown = growth.map(({ count, box, newest }) => `| ${count.toLocaleString('en')} | ${f(box)} | ${f(newest)} |`);
  const text = `# Searches a second

Made by \`npm run bench -- search\` on ${machine}: server, PostgreSQL and the clients share the machine. 50,000 items of 3 KB (NAIP, moved around the
world), pgSTAC 0.10.0. The peer is ${PEER} with \`USE_API_HYDRATE=TRUE\`, the better of one and two processes; "tuned" is the same with
${Object.entries(TUNING).map(([name, value]) => `\`${name}=${value}\``).join(', ')} set for its database. SQL is the statement of the page alone, prepared, without a server.

![Searches a second at 8 clients](search.svg)

| search | clients | ours | peer | ratio | peer, tuned | ratio | SQL |
|---|---|---|---|---|---|---|---|
${table.join('\n')}

The same page of 10 at 8 clients, by the size of the collection:

| items | bbox | newest |
|---|---|---|
${grown.join('\n')}
`;
  writeFileSync(new URL('search.md', DOCS), text);
  const groups = rows.filter(({ clients }) => clients === 8).map(({ name, ours, peer, sql }) => ({
    name,
    bars: [{ name: 'stac-mosaic', value: ours.perSecond }, { name: 'stac-fastapi-pgstac', value: peer.perSecond }, ...(sql === undefined ? [] : [{ name: 'SQL alone', value: sql.perSecond }])],
  }));
  writeFileSync(new URL('search.svg', DOCS), barChart('Searches at 8 clients', 'answers a second', groups));
  say(text);
}
