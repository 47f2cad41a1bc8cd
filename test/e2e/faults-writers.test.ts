/** Writers that meet: eight on one id in every way at once, two servers that complete one job, real deadlocks and serialization failures. */
import { Pool, type PoolClient } from 'pg';
import { reconcile } from '../../src/datasets/reconcile.js';
import { text } from '../support/client.js';
import { createServerDatabase, testsOnPostgres } from '../support/database.js';
import type { DatasetBody } from '../support/datasets.js';
import { eventually, expectNoLeaks, gridDataset, isWhole, LONG, sendDataset, startFaultServer, storedIs } from '../support/faults.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

const TILES = LONG ? 2000 : 100;
const ROUNDS = LONG ? 10 : 2;

describe('at once', () => {
  let server: TestServer;
  /** Another instance before the same database and store. */
  let other: TestVariant;
  beforeAll(async () => {
    server = await startTestServer();
    other = await server.variant({});
  }, 60_000);
  beforeEach(() => server.reset());
  afterAll(async () => {
    await other?.close();
    await server?.close();
  });

  /** One of these bodies, whole, with its stored copy; nothing else. */
  async function expectOneOf(bodies: readonly DatasetBody[]): Promise<DatasetBody> {
    const title = (await server.request('GET', '/api/datasets/race')).body['properties']?.['file:tile_count'];
    const winner = bodies.find(({ tiles }) => tiles.length === Number(title));
    if (winner === undefined) throw new Error(`Nobody wrote ${text(title)} tiles.`);
    expect([await isWhole(server.request, winner), await storedIs(server.request, winner)]).toEqual([true, true]);
    expect(await server.written()).toMatchObject({ 'pgstac.items': winner.tiles.length + 1, 'stac_mosaic.dataset_contents': 1, files: ['/metadata/mosaics/race.json'] });
    await expectNoLeaks(server.services);
    expect(await reconcile(server.services, true)).toEqual({ restored: [], removed: [] });
    return winner;
  }

  it('eight writers on one id, by POST and PUT, JSON and NDJSON, at two servers: each is told what became of it, and one is left whole', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const bodies = Array.from({ length: 8 }, (_, i) => gridDataset('race', TILES + i, `v${round}-${i}`));
      const answers = await Promise.all(bodies.map((body, i) => sendDataset(i < 4 ? server.request : other.request, i % 2 === 0 ? 'PUT' : 'POST', body, i % 4 < 2 ? 'json' : 'ndjson')));
      const [puts, posts] = [answers.filter((_, i) => i % 2 === 0), answers.filter((_, i) => i % 2 === 1)].map((list) => list?.map(({ status }) => status) ?? []);
      for (const status of puts ?? []) expect([200, 201]).toContain(status);
      for (const status of posts ?? []) expect([201, 409]).toContain(status);
      // It is made once; whoever comes after replaces it or is refused.
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(round === 0 ? 1 : 0);
      const winner = await expectOneOf(bodies);
      expect((await sendDataset(other.request, 'POST', winner)).status).toBe(200);
    }
  }, 120_000);

  it('two servers complete one job, again and again: one 201, the others 200 with the same body', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { dataset, tiles } = gridDataset(`job-${round}`, 24);
      const job = `/api/jobs/${text((await server.request('POST', '/api/jobs', { body: { dataset, expected_tiles: tiles.length } })).body['job_id'])}`;
      await Promise.all(tiles.map(async ({ index, ...tile }, i) => expect((await (i % 2 === 0 ? server : other).request('PUT', `${job}/tasks/${text(index)}`, { body: { status: 'COMPLETE', tile } })).status).toBe(201)));
      const answers = await Promise.all([server, other, server, other].map(({ request }) => request('POST', `${job}/complete`)));
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 201]);
      expect(new Set(answers.map(({ body }) => text(body).replaceAll(other.url, server.url))).size).toBe(1);
      expect(await isWhole(server.request, gridDataset(`job-${round}`, 24))).toBe(true);
      await expectNoLeaks(server.services);
    }
  });
});

(testsOnPostgres() ? describe : describe.skip)('a transaction of somebody else', () => {
  /** Runs a server whose sessions have these settings beside another writer on the same database. */
  async function beside(options: string, work: (request: Awaited<ReturnType<typeof startFaultServer>>, rival: PoolClient, watch: Pool) => Promise<void>): Promise<void> {
    const database = await createServerDatabase();
    const url = text(database.env['DATABASE_URL']);
    const changed = new URL(url);
    changed.searchParams.set('options', options);
    const pool = new Pool({ connectionString: url, max: 3 });
    const server = await startFaultServer({ ...database.env, DATABASE_URL: changed.href });
    const rival = await pool.connect();
    try {
      await work(server, rival, pool);
      await expectNoLeaks(server.services);
    } finally {
      rival.release(true);
      await server.close();
      await pool.end();
      await database.remove();
    }
  }

  const isWaiting = async (watch: Pool): Promise<boolean> =>
    (await watch.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stac-mosaic' AND wait_event_type = 'Lock'")).rowCount !== 0;
  const ROW = "SELECT 1 FROM pgstac.collections WHERE id = 'datasets' FOR UPDATE";

  it('that makes a deadlock: the writer is tried again and succeeds, POST and PUT', async () => {
    // The server's session looks for deadlocks, the rival's does not, so the server's is the one that is ended.
    await beside('-c deadlock_timeout=3s', async (server, rival, watch) => {
      const deadlocks = async (): Promise<number> => Number((await watch.query<{ n: string }>('SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()')).rows[0]?.n);
      for (const [method, body, status] of [['POST', gridDataset('d', 50), 201], ['PUT', gridDataset('d', 60, 'two'), 200]] as const) {
        const before = await deadlocks();
        await rival.query("BEGIN; SET LOCAL deadlock_timeout = '10min'");
        await rival.query(ROW);
        const answer = sendDataset(server.request, method, body);
        await eventually('the writer waits for the row', () => isWaiting(watch));
        await rival.query("SELECT pg_advisory_xact_lock(hashtextextended('stac-mosaic dataset d', 0))");
        await rival.query('COMMIT');
        expect((await answer).status).toBe(status);
        expect([await isWhole(server.request, body), await storedIs(server.request, body)]).toEqual([true, true]);
        await eventually('the deadlock is counted', async () => (await deadlocks()) > before);
        expect(await server.files()).toEqual(['mosaics/d.json']);
      }
    });
  }, 60_000);

  it('that makes a serialization failure: the writer is tried again and succeeds, POST and PUT', async () => {
    await beside("-c default_transaction_isolation=repeatable\\ read", async (server, rival, watch) => {
      for (const [method, body, status] of [['POST', gridDataset('d', 50), 201], ['PUT', gridDataset('d', 60, 'two'), 200]] as const) {
        // Who waits for a row that is changed then, in a snapshot from before, fails with 40001 for certain.
        await rival.query('BEGIN');
        await rival.query("UPDATE pgstac.collections SET content = content || '{\"description\": \"changed\"}' WHERE id = 'datasets'");
        const answer = sendDataset(server.request, method, body);
        await eventually('the writer waits for the row', () => isWaiting(watch));
        await rival.query('COMMIT');
        expect((await answer).status).toBe(status);
        expect([await isWhole(server.request, body), await storedIs(server.request, body)]).toEqual([true, true]);
        expect(await server.files()).toEqual(['mosaics/d.json']);
      }
    });
  }, 60_000);
});
