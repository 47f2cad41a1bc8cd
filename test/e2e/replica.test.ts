/** A server with a streaming standby for its reads: nothing that was written is missed, and what the standby cannot do the primary does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from 'pg';
import { makeCog } from '../support/cogs.js';
import { testsOnPostgres } from '../support/database.js';
import { boxTiles, datasetBody } from '../support/datasets.js';
import { eventually } from '../support/faults.js';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.js';
import { type ServerProcess, startServerProcess } from '../support/process.js';

(testsOnPostgres() ? describe : describe.skip)('DATABASE_READ_URL (skipped where the machine has no PostgreSQL of its own)', () => {
  let folder: string;
  let primary: OwnPostgres | undefined;
  let standby: OwnPostgres | undefined;
  const servers: ServerProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-replica-'));
    primary = await startOwnPostgres();
    if (primary === undefined) return;
    standby = await startOwnPostgres(primary);
    // Two instances, so that what one has written is read through the other.
    for (const name of ['one', 'two']) {
      servers.push(await startServerProcess({ DATABASE_URL: primary.url, DATABASE_READ_URL: standby?.url ?? '', ALLOWED_HOSTS: '127.0.0.1', ALLOWED_FILE_ROOTS: folder, DATA_DIR: join(folder, name) }));
    }
  }, 120_000);

  afterAll(async () => {
    for (const server of servers) await server.kill(true);
    await standby?.close();
    await primary?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const url = (instance: number, path: string): string => (servers[instance]?.url ?? '') + path;
  const status = async (instance: number, path: string): Promise<number> => (await fetch(url(instance, path))).status;
  const post = async (id: string): Promise<number> =>
    (await fetch(url(0, '/api/datasets'), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(datasetBody(id, boxTiles(2))) })).status;

  async function reads(instance: number): Promise<{ replica: number; primary: number }> {
    const text = await (await fetch(url(instance, '/metrics'))).text();
    const of = (name: string): number => Number(new RegExp(`^stac_mosaic_reads_total{database="${name}"} (\\d+)$`, 'm').exec(text)?.[1]);
    return { replica: of('replica'), primary: of('primary') };
  }

  async function onStandby(sql: string): Promise<void> {
    const client = new Client(standby?.url);
    await client.connect();
    await client.query(sql);
    await client.end();
  }

  it('reads each write at once through either instance, from the standby', async () => {
    if (primary === undefined) return;
    const before = await reads(1);
    for (let i = 0; i < 20; i += 1) {
      expect(await post(`d${i}`)).toBe(201);
      expect([await status(0, `/api/datasets/d${i}`), await status(1, `/api/datasets/d${i}`)]).toEqual([200, 200]);
    }
    for (const path of ['/', '/collections', '/search', '/collections/datasets/mosaic.json', '/collections/datasets/WebMercatorQuad/tilejson.json', '/queryables', '/aggregate?aggregations=total_count', '/searches/list', '/api/datasets/d1/tiles', '/api/datasets/d1/map.html', '/children']) {
      expect([path, await status(1, path)]).toEqual([path, 200]);
    }
    const after = await reads(1);
    expect(after.replica - before.replica).toBeGreaterThanOrEqual(28);
    expect(after.primary - before.primary).toBeLessThanOrEqual(3);
  }, 60_000);

  it('reads what was written by one of several transactions that overlapped', async () => {
    if (primary === undefined) return;
    const [long, middle, short] = await Promise.all([1, 2, 3].map(async () => {
      const client = new Client(primary?.url);
      await client.connect();
      return client;
    }));
    const named = async (): Promise<unknown> => ((await (await fetch(url(1, '/collections/datasets/WebMercatorQuad/tilejson.json'))).json()) as { name?: unknown }).name;
    try {
      await short?.query('CREATE TABLE public.written (i int)');
      await long?.query('BEGIN; INSERT INTO public.written VALUES (1)');
      await middle?.query(`BEGIN; UPDATE pgstac.collections SET content = content || '{"title": "Renamed"}' WHERE id = 'datasets'`);
      await short?.query('INSERT INTO public.written VALUES (3)');
      const before = await reads(1);
      expect([await named(), await named()]).not.toContain('Renamed');
      await middle?.query('COMMIT');
      expect(await named()).toBe('Renamed');
      expect((await reads(1)).replica).toBeGreaterThan(before.replica + 2);
      await long?.query('COMMIT');
    } finally {
      for (const client of [long, middle, short]) await client?.end();
    }
  }, 60_000);

  it('stores a thumbnail that a reader had drawn', async () => {
    if (primary === undefined) return;
    const href = join(folder, 'red.tif');
    await writeFile(href, await makeCog({ width: 64, height: 64, res: 1, west: 0, north: 64, block: 64 }));
    const body = JSON.stringify(datasetBody('drawn', [{ href: pathToFileURL(href).href }]));
    expect((await fetch(url(0, '/api/datasets'), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status).toBe(201);
    const client = new Client(primary.url);
    await client.connect();
    const kept = async (): Promise<boolean> => (await client.query<{ thumbnail: string | null }>(`SELECT thumbnail FROM stac_mosaic.dataset_contents WHERE dataset_id = 'drawn'`)).rows[0]?.thumbnail != null;
    try {
      await eventually('it is drawn after the commit', kept);
      await client.query('UPDATE stac_mosaic.dataset_contents SET thumbnail = NULL');
      const before = await reads(1);
      expect([await status(1, '/api/datasets/drawn/preview'), await kept()]).toEqual([200, true]);
      expect((await reads(1)).replica).toBeGreaterThan(before.replica);
    } finally {
      await client.end();
    }
  }, 60_000);

  it('begins a stream again on the primary where the standby ends it before the first item', async () => {
    if (primary === undefined) return;
    const [writer, other] = await Promise.all([primary.url, standby?.url].map(async (connection) => {
      const client = new Client(connection);
      await client.connect();
      return client;
    }));
    const waiting = `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%pgstac.items i%'`;
    try {
      // The lock is replayed: on the standby the stream waits behind it as well.
      await writer?.query('BEGIN; LOCK TABLE pgstac.items IN ACCESS EXCLUSIVE MODE');
      await writer?.query('SELECT pg_switch_wal()'); // flushed, and so waited for by whoever reads on the standby
      const before = await reads(1);
      const answer = fetch(url(1, '/search'), { headers: { accept: 'application/geo+json-seq' } });
      await eventually('the standby has the stream', async () => ((await other?.query(waiting))?.rowCount ?? 0) > 0);
      await other?.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS stream`);
      await eventually('the primary has it', async () => {
        const client = new Client(primary?.url);
        await client.connect();
        const { rowCount } = await client.query(waiting);
        await client.end();
        return (rowCount ?? 0) > 0;
      });
      await writer?.query('COMMIT');
      const { status: got, headers } = await answer;
      expect([got, headers.get('content-type'), (await reads(1)).replica - before.replica]).toEqual([200, 'application/geo+json-seq', 1]);
      expect((await (await answer).text()).split('\u001E').length).toBeGreaterThan(20);
    } finally {
      await writer?.end();
      await other?.end();
    }
    await eventually('the standby is asked again', async () => {
      const { replica } = await reads(1);
      expect(await status(1, '/search')).toBe(200);
      return (await reads(1)).replica > replica;
    });
  }, 60_000);

  it('leaves the standby in use where the host of a raster is away', async () => {
    if (primary === undefined) return;
    const before = await reads(1);
    for (let i = 0; i < 3; i += 1) expect(await status(1, `/mosaicjson/info?url=${encodeURIComponent('http://127.0.0.1:9/mosaic.json')}`)).toBe(502);
    expect((await reads(1)).primary).toBe(before.primary);
  }, 60_000);

  it('asks the primary while the standby is behind, and the standby when it has caught up', async () => {
    if (primary === undefined) return;
    await onStandby('SELECT pg_wal_replay_pause()');
    const before = await reads(1);
    expect(await post('while-paused')).toBe(201);
    expect(await status(1, '/api/datasets/while-paused')).toBe(200);
    expect((await reads(1)).primary).toBe(before.primary + 1);
    await onStandby('SELECT pg_wal_replay_resume()');
    await eventually('the standby is asked again', async () => {
      const { replica } = await reads(1);
      expect(await status(1, '/api/datasets/while-paused')).toBe(200);
      return (await reads(1)).replica > replica;
    });
  }, 60_000);

  it('goes on without the standby while that is away', async () => {
    if (primary === undefined) return;
    const [restarted, statuses] = await Promise.all([standby?.restart('SIGQUIT').then(() => true), (async () => {
      const seen: number[] = [];
      for (let i = 0; i < 30; i += 1) seen.push(await status(0, '/search'), await status(1, '/api/datasets/d1'));
      return seen;
    })()]);
    expect(restarted).toBe(true);
    expect([...new Set(statuses)]).toEqual([200]);
  }, 60_000);
});
