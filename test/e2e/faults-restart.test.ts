/** PostgreSQL restarted under a server, by a shutdown and by a crash, while a dataset is uploaded, written and committed; the server is not. */
import { Pool } from 'pg';
import { reconcile } from '../../src/datasets/reconcile.js';
import { testsOnPostgres } from '../support/database.js';
import { comingBack, eventually, expectNoLeaks, type FaultServer, FEWEST_AHEAD, gridDataset, isWhole, LONG, openSpools, postLate, sendDataset, startFaultServer, storedIs } from '../support/faults.js';
import { linesOf, openUpload } from '../support/ndjson.js';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.js';
import { addressOf, startTcpProxy, type TcpProxy, throughProxy } from '../support/tcp-proxy.js';

const TILES = LONG ? 20_000 : 800;
/** Half of them go to the disk, which rows do by half a megabyte. */
const SPOOLED = 2000;

const SIGNALS = ['SIGINT', 'SIGQUIT'] as const;
const MOMENTS = [['begins to write the rows', 'COPY pgstac.'], ['has written the rows', 'search_query'], ['commits', 'COMMIT']] as const;

(testsOnPostgres() ? describe : describe.skip)('a PostgreSQL that is restarted (skipped where the machine has none of its own)', () => {
  let postgres: OwnPostgres | undefined;
  let proxy: TcpProxy;
  let server: FaultServer;
  /** What a crash must not take. */
  const living = gridDataset('living', 50);

  beforeAll(async () => {
    postgres = await startOwnPostgres();
    if (postgres === undefined) return;
    proxy = await startTcpProxy(addressOf(postgres.url));
    server = await startFaultServer({ DATABASE_URL: throughProxy(postgres.url, proxy) });
    expect((await sendDataset(server.request, 'POST', living)).status).toBe(201);
  }, 120_000);

  afterAll(async () => {
    await server?.close();
    await proxy?.close();
    await postgres?.close();
  });

  // What one test leaves, where it fails, is no fault of the next.
  afterEach(async () => {
    if (postgres !== undefined) await comingBack(() => server.request('DELETE', '/api/datasets/posted'));
  }, 60_000);

  async function expectClean(bodies: readonly ReturnType<typeof gridDataset>[]): Promise<void> {
    expect((await comingBack(() => server.request('GET', '/health/ready'))).status).toBe(200);
    await expectNoLeaks(server.services);
    await reconcile(server.services, true);
    expect(await server.files()).toEqual(bodies.map(({ dataset }) => `mosaics/${dataset.id}.json`).toSorted());
    for (const body of bodies) expect([await isWhole(server.request, body), await storedIs(server.request, body)]).toEqual([true, true]);
  }

  for (const signal of SIGNALS) {
    for (const [when, said] of MOMENTS) {
      it(`with ${signal} when the server ${when}: the dataset is whole or absent, the other as it was, and the same request then succeeds`, async () => {
        if (postgres === undefined) return;
        const body = gridDataset('posted', TILES);
        const sprung = proxy.at(said, () => postgres?.restart(signal) ?? Promise.resolve());
        const answer = await postLate(server, body);
        await sprung;
        expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status: 503, code: 'Unavailable' });
        expect(answer.headers['retry-after']).toMatch(/^\d+$/);
        expect(await isWhole(server.request, body)).toBe(false);
        await expectClean([living]);
        expect((await comingBack(() => sendDataset(server.request, 'POST', body))).status).toBe(201);
        await expectClean([living, body]);
      }, 120_000);
    }

    it(`with ${signal} when rows are written before all of them have come: they are written again, or the caller is told while it is away, and the same request then succeeds`, async () => {
      if (postgres === undefined) return;
      const body = gridDataset('posted', Math.max(TILES, FEWEST_AHEAD));
      const sprung = proxy.at('COPY pgstac.', () => postgres?.restart(signal) ?? Promise.resolve());
      const { status } = await sendDataset(server.request, 'POST', body, 'json');
      await sprung;
      const there = await isWhole(server.request, body);
      expect([[201, true], [503, false]]).toContainEqual([status, there]);
      expect((await comingBack(() => sendDataset(server.request, 'POST', body, 'json'))).status).toBe(there ? 200 : 201);
      await expectClean([living, body]);
    }, 120_000);
  }

  it('right after a commit has lost nothing that was answered', async () => {
    if (postgres === undefined) return;
    const replaced = gridDataset('living', 60, 'two');
    expect((await sendDataset(server.request, 'PUT', replaced)).status).toBe(200);
    await postgres.restart('SIGQUIT');
    await expectClean([replaced]);
    expect((await comingBack(() => sendDataset(server.request, 'PUT', living))).status).toBe(200);
  }, 60_000);

  it('during an upload is not noticed by it: it holds no connection', async () => {
    if (postgres === undefined) return;
    const body = gridDataset('uploaded', SPOOLED);
    const all = linesOf(body);
    const { outgoing, answer } = openUpload(server.url);
    await new Promise((resolve) => outgoing.write(all.slice(0, all.length / 2), resolve));
    // By then it has asked the database what it must know before.
    await eventually('the rows are spooled', async () => process.platform !== 'linux' || (await openSpools()).length > 0);
    await postgres.restart('SIGQUIT');
    // Whoever asks first may find a connection that is none any more.
    expect((await comingBack(() => server.request('GET', '/health/ready'))).status).toBe(200);
    outgoing.end(all.slice(all.length / 2));
    expect((await answer)?.status).toBe(201);
    await expectClean([living, body]);
    const pool = new Pool({ connectionString: postgres.url });
    const { rows } = await pool.query<{ n: number }>("SELECT count(*)::int AS n FROM pgstac.items WHERE collection = 'system_tiles'");
    await pool.end();
    expect(rows).toEqual([{ n: 50 + SPOOLED }]);
  }, 60_000);
});
