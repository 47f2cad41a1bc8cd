/** Map tiles: ours, titiler-pgstac's and titiler's MosaicJSON in turn, of one search on one PostgreSQL, with as many workers each. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { barChart } from './chart.js';
import { installTilers, type Listening, startOurs, startTilers, TILER } from './peer.js';
import { benchPostgres, freshDatabase } from './postgres.js';
import { type Use, useOf } from './process-use.js';
import { type Agreement, agreementOf } from './tile-agreement.js';
import { filesOf, hasWorld, hrefsOf, makeSets, randomTiles, SETS, type TilePlace, type TileSet, type Transport } from './tile-sets.js';

const DATABASE = 'stac_mosaic_bench_tiles';
const FOLDER = join(tmpdir(), 'stac-mosaic-bench');
const COGS = join(FOLDER, 'tiles');
const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
const RANGE_PORT = 18_088;
const WORKERS = availableParallelism();
const CLIENTS = [1, 4];
/** Rounds of each case, each with tiles of its own, and tiles of a round for one client. */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
const TILES = Number(process.env['BENCH_PER_ROUND'] ?? 28);
/** Names of sets, to measure some alone; nothing is then written. */
const ONLY = (process.env['BENCH_SETS'] ?? '').split(',').filter((name) => name !== '');
const TRANSPORTS_MEASURED: readonly Transport[] = process.env['BENCH_FROM'] === 'http' ? ['http'] : process.env['BENCH_FROM'] === 'file' ? ['file'] : ['file', 'http'];
const WARM = 28;
const COMPARED = 60;

type System = 'ours' | 'pgstac' | 'mosaicjson';
type Format = 'png' | 'jpg';

interface Case {
  readonly set: TileSet;
  readonly transport: Transport;
  readonly format: Format;
  readonly clients: number;
}

/** Of one tile. */
interface Cost {
  /** Wall milliseconds that a client waits, the mean. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly bytes: number;
}

interface Row extends Case {
  readonly costs: Readonly<Record<System, Cost>>;
}

/** A system as it draws one set. */
interface Drawer {
  readonly listening: Listening;
  readonly url: (place: TilePlace, format: Format) => string;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const SYSTEMS: readonly System[] = ['ours', 'pgstac', 'mosaicjson'];

export async function benchTiles(): Promise<void> {
  if (!hasWorld()) throw new Error('The COGs to measure with are not there: shared/data/world beside the repository.');
  mkdirSync(COGS, { recursive: true });
  const load = loadavg()[0] ?? 0;
  const python = installTilers(FOLDER);
  makeSets(python, COGS);
  const { server, stop } = await benchPostgres();
  const database = new URL(`/${DATABASE}`, server);
  const ranges = spawn(process.execPath, [fileURLToPath(new URL('range-server.js', import.meta.url)), COGS, String(RANGE_PORT)], { stdio: 'ignore' });
  const running: Listening[] = [];
  const start = async (starting: Promise<Listening>): Promise<Listening> => {
    const listening = await starting;
    running.push(listening);
    return listening;
  };
  try {
    await freshDatabase(server, database);
    const dataDir = join(FOLDER, 'tiles-data');
    rmSync(dataDir, { recursive: true, force: true });
    // As the image sets it (Dockerfile).
    const more = { MALLOC_ARENA_MAX: '2', CACHE_DISABLE: 'true', ALLOWED_FILE_ROOTS: COGS, ALLOWED_HOSTS: '127.0.0.1' };
    const ours = await start(startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), database, 18_085, dataDir, more));
    const pgstac = await start(startTilers(python, 'pgstac', database, 18_086, WORKERS));
    const mosaicjson = await start(startTilers(python, 'mosaicjson', database, 18_087, WORKERS));
    const systems = { ours, pgstac, mosaicjson };
    const sets = SETS.filter(({ name }) => ONLY.length === 0 || ONLY.includes(name));
    const rows: Row[] = [];
    const agreements = new Map<string, Record<'nearest' | 'bilinear', Agreement>>();
    for (const set of sets) {
      for (const transport of TRANSPORTS_MEASURED) {
        const drawers = await drawersOf(systems, set, transport);
        for (const drawer of Object.values(drawers)) await round(drawer, randomTiles(set, WARM, 0), 'png', WORKERS);
        for (const format of transport === 'file' ? (['png', 'jpg'] as const) : (['png'] as const)) {
          for (const clients of CLIENTS) rows.push(await measure({ set, transport, format, clients }, drawers));
        }
        if (transport === 'file') agreements.set(set.name, await compare(python, set, drawers.ours));
      }
    }
    const uses = Object.fromEntries(SYSTEMS.map((system) => [system, useOf(systems[system].pid)]));
    write(rows, agreements, uses as Record<System, Use>, load);
  } finally {
    for (const listening of running) await listening.stop();
    ranges.kill();
    await stop();
  }
}

/** The set as a dataset of ours; titiler-pgstac draws its search, titiler its MosaicJSON. */
async function drawersOf(systems: Record<System, Listening>, set: TileSet, transport: Transport): Promise<Record<System, Drawer>> {
  const id = `${set.name}-${transport}`;
  const tiles = hrefsOf(COGS, set, transport, `http://127.0.0.1:${RANGE_PORT}`).map((href) => ({ href }));
  const posted = await fetch(`${systems.ours.url}/api/datasets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dataset: { id, properties: { title: id, datetime: '2024-01-01T00:00:00Z' } }, tiles }),
  });
  if (posted.status !== 201) throw new Error(`${id}: ${posted.status} ${await posted.text()}`);
  const { search_id: search } = (await posted.json()) as { search_id: string };
  const mosaic = join(FOLDER, `${id}.json`);
  writeFileSync(mosaic, await (await fetch(`${systems.ours.url}/api/datasets/${id}/mosaic.json`)).text());
  const ofSearch = ({ url }: Listening) => (place: TilePlace, format: Format): string => `${url}/searches/${search}/tiles/WebMercatorQuad/${place.join('/')}.${format}?assets=data`;
  return {
    ours: { listening: systems.ours, url: ofSearch(systems.ours) },
    pgstac: { listening: systems.pgstac, url: ofSearch(systems.pgstac) },
    mosaicjson: {
      listening: systems.mosaicjson,
      url: (place, format) => `${systems.mosaicjson.url}/mosaicjson/tiles/WebMercatorQuad/${place.join('/')}.${format}?url=${encodeURIComponent(pathToFileURL(mosaic).href)}`,
    },
  };
}

/** The systems in turn within each round, so that what else the machine does falls on all of them. */
async function measure(wanted: Case, drawers: Record<System, Drawer>): Promise<Row> {
  const { set, transport, format, clients } = wanted;
  const costs: Record<System, Cost[]> = { ours: [], pgstac: [], mosaicjson: [] };
  for (let n = 1; n <= ROUNDS; n += 1) {
    const tiles = randomTiles(set, TILES * (clients === 1 ? 1 : 2), n * 100 + clients * 10 + (format === 'png' ? 0 : 1));
    for (const system of SYSTEMS) costs[system].push(await round(drawers[system], tiles, format, clients));
  }
  const row = { ...wanted, costs: { ours: mean(costs.ours), pgstac: mean(costs.pgstac), mosaicjson: mean(costs.mosaicjson) } };
  const { ours, pgstac, mosaicjson } = row.costs;
  say(`${set.name} ${transport} ${format} ${clients}: ours ${ours.ms.toFixed(1)} ms (CPU ${ours.cpuMs.toFixed(1)}, ${Math.round(ours.bytes)} B), pgstac ${pgstac.ms.toFixed(1)} (${pgstac.cpuMs.toFixed(1)}, ${Math.round(pgstac.bytes)}), mosaicjson ${mosaicjson.ms.toFixed(1)} (${mosaicjson.cpuMs.toFixed(1)}); ${(pgstac.ms / ours.ms).toFixed(2)}x`);
  return row;
}

const mean = (costs: readonly Cost[]): Cost => {
  const of = (key: keyof Cost): number => costs.reduce((sum, cost) => sum + cost[key], 0) / costs.length;
  return { ms: of('ms'), cpuMs: of('cpuMs'), bytes: of('bytes') };
};

async function round({ listening, url }: Drawer, tiles: readonly TilePlace[], format: Format, clients: number): Promise<Cost> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const before = useOf(listening.pid);
  let [next, waited, bytes] = [0, 0, 0];
  const client = async (): Promise<void> => {
    for (let place = tiles[next++]; place !== undefined; place = tiles[next++]) {
      const began = performance.now();
      const drawn = await picture(url(place, format), agent);
      bytes += drawn?.length ?? 0;
      waited += performance.now() - began;
    }
  };
  try {
    await Promise.all(Array.from({ length: clients }, client));
  } finally {
    agent.destroy();
  }
  return { ms: waited / tiles.length, cpuMs: (useOf(listening.pid).cpuMs - before.cpuMs) / tiles.length, bytes: bytes / tiles.length };
}

/** Undefined where there is no data. @param agent none: a connection of its own, since a kept one may have been left while rio-tiler drew */
function picture(url: string, agent: Agent | false = false): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const body = Buffer.concat(chunks);
        const status = incoming.statusCode ?? 0;
        if (status === 200) resolve(body);
        else if (status === 204) resolve(undefined);
        else reject(new Error(`${url}: ${status} ${body.toString('utf8', 0, 300)}`));
      });
    }).on('error', (error) => reject(new Error(`${url}: ${error.message}`, { cause: error }))).end();
  });
}

async function compare(python: string, set: TileSet, ours: Drawer): Promise<Record<'nearest' | 'bilinear', Agreement>> {
  const tiles = randomTiles(set, COMPARED, 7);
  // The last tile of a dataset is drawn on top.
  const assets = filesOf(COGS, set).toReversed();
  const of = (resampling: 'nearest' | 'bilinear'): Promise<Agreement> => agreementOf(python, assets, tiles, resampling, (place) => picture(`${ours.url(place, 'png')}&resampling=${resampling}&reproject=${resampling}`));
  const found = { nearest: await of('nearest'), bilinear: await of('bilinear') };
  say(`${set.name}: ${Object.entries(found).map(([name, { difference, mask }]) => `${name} ${difference.toFixed(3)} of 255, mask ${(mask * 100).toFixed(3)} %`).join('; ')}`);
  return found;
}

const x = (a: number, b: number): string => `${(a / b).toFixed(a / b < 9.95 ? 1 : 0)}x`;
const TRANSPORTS: Readonly<Record<Transport, string>> = { file: 'local', http: 'HTTP ranges' };

function write(rows: readonly Row[], agreements: ReadonlyMap<string, Record<'nearest' | 'bilinear', Agreement>>, uses: Record<System, Use>, load: number): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const table = rows.map(({ set, transport, format, clients, costs: { ours, pgstac, mosaicjson } }) => {
    const agreement = agreements.get(set.name);
    const near = agreement === undefined || format === 'jpg' ? '' : (['nearest', 'bilinear'] as const).map((name) => `${agreement[name].difference.toFixed(2)}, ${(agreement[name].mask * 100).toFixed(2)} %`).join('; ');
    return `| ${set.name} | ${TRANSPORTS[transport]} | ${format} | ${clients} | ${ours.ms.toFixed(1)} | ${pgstac.ms.toFixed(1)} | **${x(pgstac.ms, ours.ms)}** | ${mosaicjson.ms.toFixed(1)} | ${x(mosaicjson.ms, ours.ms)} | ${ours.cpuMs.toFixed(1)} | ${pgstac.cpuMs.toFixed(1)} | ${(ours.bytes / 1024).toFixed(1)} | ${(pgstac.bytes / 1024).toFixed(1)} | ${near} |`;
  });
  const memory = SYSTEMS.map((system) => `| ${system === 'ours' ? 'stac-mosaic' : system === 'pgstac' ? TILER : "titiler's MosaicJSON"} | ${Math.round(uses[system].resident)} | ${Math.round(uses[system].proportional)} |`);
  const text = `# Map tiles

Made by \`npm run bench -- tiles\` on ${machine}, load ${load.toFixed(1)} before it began: servers, PostgreSQL and clients share the machine. The world of 15
COGs (EPSG:4326) and 32 COGs in UTM zones 29 to 36 (500 m), written by GDAL with the compression that the set is named for; each set one dataset, its search in
pgSTAC 0.10.0 drawn by both; random tiles of 256 pixels from zoom 1 to the COGs' own, other ones in each of ${ROUNDS} rounds, the same for all. The peers are ${TILER} and
titiler's MosaicJSON of the same assets, ${WORKERS} processes each with the GDAL settings that their documentation advises; ours has ${WORKERS} worker threads, its cache of drawn
tiles switched off and \`MALLOC_ARENA_MAX=2\` as its image has. Milliseconds are what a client waits for a tile, the mean; CPU is that of the server's processes, without PostgreSQL.
The last column is how near our PNG is to rio-tiler's over ${COMPARED} random tiles, nearest and then bilinear: mean absolute difference of 255, and pixels whose mask is equal.

![Milliseconds a tile](tiles.svg)

| set | from | format | clients | ours, ms | ${TILER}, ms | ratio | MosaicJSON, ms | ratio | CPU ours | CPU ${TILER} | KB ours | KB ${TILER} | nearest; bilinear |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
${table.join('\n')}

Memory after all of it, megabytes, summed over a system's processes: resident, and with shared pages divided (PSS).

| server | resident | PSS |
|---|---|---|
${memory.join('\n')}
`;
  say(text);
  if (ONLY.length > 0) return;
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(new URL('tiles.md', DOCS), text);
  const groups = rows.filter(({ clients, format }) => clients === 4 && format === 'png').map(({ set, transport, costs }) => ({
    name: `${set.name}, ${TRANSPORTS[transport]}`,
    bars: [{ name: 'stac-mosaic', value: costs.ours.ms }, { name: 'titiler-pgstac', value: costs.pgstac.ms }, { name: 'titiler, MosaicJSON', value: costs.mosaicjson.ms }],
  }));
  writeFileSync(new URL('tiles.svg', DOCS), barChart('A PNG tile at 4 clients', 'milliseconds', groups));
}
