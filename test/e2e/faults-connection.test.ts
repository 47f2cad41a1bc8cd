/**
 * The connection to the database goes at the moments that matter: before, during and after the rows of a dataset are written,
 * and while it commits. On PostgreSQL; the embedded database is in one process group with its server (test/e2e/kill.test.ts).
 */
import { Pool } from 'pg';
import { reconcile } from '../../src/datasets/reconcile.js';
import { text } from '../support/client.js';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import type { DatasetBody } from '../support/datasets.js';
import { comingBack, expectNoLeaks, type FaultServer, FEWEST_AHEAD, gridDataset, isWhole, LONG, postLate, sendDataset, startFaultServer, storedIs } from '../support/faults.js';
import { addressOf, type Fault, startTcpProxy, type TcpProxy, throughProxy } from '../support/tcp-proxy.js';

const TILES = LONG ? 20_000 : 400;

let database: ServerDatabase;
let proxy: TcpProxy;
let server: FaultServer;
/** Not through the proxy. */
let direct: Pool;
let count = 0;

const NAME = 'stac-mosaic faults';

const terminate = (): Promise<unknown> => direct.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1', [NAME]);

/** An id that no test had before. */
const fresh = (): string => `d${(count += 1)}`;

(testsOnPostgres() ? describe : describe.skip)('on a PostgreSQL whose connection goes', () => {
  beforeAll(async () => {
    database = await createServerDatabase();
    const url = text(database.env['DATABASE_URL']);
    direct = new Pool({ connectionString: url, max: 2 });
    proxy = await startTcpProxy(addressOf(url));
    const changed = new URL(throughProxy(url, proxy));
    changed.searchParams.set('application_name', NAME);
    server = await startFaultServer({ ...database.env, DATABASE_URL: changed.href });
  }, 60_000);

  afterAll(async () => {
    await server?.close();
    await proxy?.close();
    await direct?.end();
    await database?.remove();
  });

  afterEach(() => {
    proxy.refuses = false;
  });

  /** Nothing leaks, clean-up leaves the copies of what lives and no others. */
  async function expectClean(living: DatasetBody[]): Promise<void> {
    await comingBack(() => server.request('GET', '/health/ready'));
    await expectNoLeaks(server.services);
    await reconcile(server.services, true);
    const copies = living.flatMap(({ dataset, metadata }) => [`mosaics/${dataset.id}.json`, ...(metadata === undefined ? [] : [`original/${dataset.id}.json`])]);
    expect(await server.files()).toEqual(copies.toSorted());
    for (const body of living) expect(await storedIs(server.request, body)).toBe(true);
  }

  async function removeAll(bodies: DatasetBody[]): Promise<void> {
    for (const { dataset } of bodies) expect((await comingBack(() => server.request('DELETE', `/api/datasets/${dataset.id}`))).status).toBe(204);
  }

  const half = (id: string): string => `\n${id}_tile_${TILES / 2}\t`;
  const moments: readonly (readonly [name: string, said: (id: string) => string])[] = [
    ['when the transaction begins', () => 'BEGIN'],
    ['when the rows begin', () => 'COPY pgstac.'],
    ['in the middle of the rows', half],
    ['when the search is registered', () => 'search_query'],
    ['when the dataset is remembered', () => 'INSERT INTO stac_mosaic.dataset_contents'],
    ['before it commits', () => 'COMMIT'],
  ];
  const faults: readonly (readonly [name: string, fault: Fault | (() => Promise<unknown>)])[] = [['cut', 'cut'], ['ended by pg_terminate_backend', terminate]];

  for (const [i, [when, said]] of moments.entries()) {
    for (const [how, fault] of LONG ? faults : faults.slice(i % 2).slice(0, 1)) {
      it(`${how} ${when}: POST writes nothing, PUT leaves the old dataset with its mosaic; both then succeed`, async () => {
        const posted = gridDataset(fresh(), TILES);
        const sprung = proxy.at(said(posted.dataset.id), fault);
        const answer = await postLate(server, posted);
        await sprung;
        expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 503, body: { code: 'Unavailable' } });
        expect(answer.headers['retry-after']).toMatch(/^\d+$/);
        expect(await isWhole(server.request, posted)).toBe(false);
        await expectClean([]);
        expect((await sendDataset(server.request, 'POST', posted)).status).toBe(201);
        expect(await isWhole(server.request, posted)).toBe(true);

        const replacing = gridDataset(posted.dataset.id, TILES, 'two');
        const again = proxy.at(said(posted.dataset.id), fault);
        expect((await sendDataset(server.request, 'PUT', replacing)).status).toBe(503);
        await again;
        expect(await storedIs(server.request, posted)).toBe(true);
        expect(await isWhole(server.request, posted)).toBe(true);
        await expectClean([posted]);
        expect((await sendDataset(server.request, 'PUT', replacing)).status).toBe(200);
        expect(await isWhole(server.request, replacing)).toBe(true);
        await expectClean([replacing]);
        await removeAll([replacing]);
      }, 120_000);
    }
  }

  it.each(['BEGIN', 'COPY pgstac.', half('ahead')])('cut while rows are written before all of them have come (%j): they are written again, and the caller hears of nothing', async (said) => {
    const posted = gridDataset('ahead', Math.max(TILES, FEWEST_AHEAD));
    const sprung = proxy.at(said, 'cut');
    expect((await sendDataset(server.request, 'POST', posted, 'json')).status).toBe(201);
    await sprung;
    await expectClean([posted]);
    await removeAll([posted]);
  }, 120_000);

  it('with the answer to COMMIT: what was written is found, its copies are kept, and the caller hears that it is there', async () => {
    const posted = gridDataset(fresh(), 300, 'one', { metadata: { said: 'one' } });
    let sprung = proxy.at('COMMIT', 'lose');
    const answer = await sendDataset(server.request, 'POST', posted);
    await sprung;
    expect({ status: answer.status, count: answer.body['tile_count'] }).toEqual({ status: 201, count: 300 });
    expect(await isWhole(server.request, posted)).toBe(true);
    expect(await storedIs(server.request, posted)).toBe(true);
    expect(await sendDataset(server.request, 'POST', posted)).toMatchObject({ status: 200, body: answer.body });

    const replacing = gridDataset(posted.dataset.id, 200, 'two', { metadata: { said: 'two' } });
    sprung = proxy.at('COMMIT', 'lose');
    expect((await sendDataset(server.request, 'PUT', replacing)).status).toBe(200);
    await sprung;
    expect(await isWhole(server.request, replacing)).toBe(true);
    expect(await storedIs(server.request, replacing)).toBe(true);
    expect((await server.request('GET', `/files/metadata/original/${posted.dataset.id}.json`)).body).toEqual({ said: 'two' });
    expect(await reconcile(server.services, true)).toEqual({ restored: [], removed: [] });

    sprung = proxy.at('COMMIT', 'lose');
    expect((await server.request('DELETE', `/api/datasets/${posted.dataset.id}`)).status).toBe(204);
    await sprung;
    expect((await comingBack(() => server.request('DELETE', `/api/datasets/${posted.dataset.id}`))).status).toBe(404);
    await expectClean([]);
  });

  it('with the answer to COMMIT, and stays away: 503 that says so, the copies wait for reconcile', async () => {
    const living = gridDataset(fresh(), 100);
    expect((await sendDataset(server.request, 'POST', living)).status).toBe(201);
    const [posted, replacing] = [gridDataset(fresh(), 300, 'one', { metadata: { said: 'one' } }), gridDataset(living.dataset.id, 200, 'two')];
    for (const [method, body] of [['POST', posted], ['PUT', replacing]] as const) {
      const sprung = proxy.at('COMMIT', 'lose');
      const answering = sendDataset(server.request, method, body);
      await sprung;
      proxy.refuses = true;
      proxy.cutIdle();
      const answer = await answering;
      expect({ status: answer.status, said: text(answer.body['description']) }).toEqual({ status: 503, said: expect.stringMatching(/may or may not have happened/) });
      proxy.refuses = false;
      expect(await isWhole(server.request, body)).toBe(true);
    }
    await expectClean([posted, replacing]);
    expect((await server.request('GET', `/files/metadata/original/${posted.dataset.id}.json`)).body).toEqual({ said: 'one' });
    expect((await sendDataset(server.request, 'POST', posted)).status).toBe(200);
    expect((await sendDataset(server.request, 'PUT', replacing)).status).toBe(200);
    await removeAll([posted, replacing]);
    await expectClean([]);
  });

  it('while a job completes: the job is complete with its dataset, or runs on without it', async () => {
    for (const [said, fault] of [['COPY pgstac.', 'cut'], ['UPDATE stac_mosaic.jobs SET answer', 'cut'], ['COMMIT', 'cut'], ['COMMIT', 'lose']] as const) {
      const body = gridDataset(fresh(), 20);
      const { dataset, tiles } = body;
      const job = `/api/jobs/${text((await server.request('POST', '/api/jobs', { body: { dataset, expected_tiles: tiles.length } })).body['job_id'])}`;
      for (const { index, ...tile } of tiles) expect((await server.request('PUT', `${job}/tasks/${text(index)}`, { body: { status: 'COMPLETE', tile } })).status).toBe(201);
      const sprung = proxy.at(said, fault);
      const answer = await server.request('POST', `${job}/complete`);
      await sprung;
      const there = await isWhole(server.request, body);
      expect({ said, fault, there, status: answer.status }).toEqual({ said, fault, there: fault === 'lose', status: fault === 'lose' ? 201 : 503 });
      expect((await comingBack(() => server.request('GET', job))).body).toMatchObject({ state: there ? 'COMPLETE' : 'RUNNING', complete: 20, missing: [] });
      const again = await server.request('POST', `${job}/complete`);
      expect({ status: again.status, count: again.body['tile_count'] }).toEqual({ status: there ? 200 : 201, count: 20 });
      expect(await isWhole(server.request, body)).toBe(true);
      await expectClean([body]);
      await removeAll([body]);
    }
  });

  it('of everybody at once: eight writers get 201 or 503, each dataset is whole or absent, and the same requests then succeed', async () => {
    const bodies = Array.from({ length: 8 }, () => gridDataset(fresh(), TILES / 4));
    // A head start that is cut is begun anew: the one that is further is not.
    const sprung = proxy.at('search_query', async () => proxy.cutAll());
    const answers = await Promise.all(bodies.map((body) => sendDataset(server.request, 'POST', body)));
    await sprung;
    for (const [i, { status }] of answers.entries()) {
      const whole = await isWhole(server.request, bodies[i] as DatasetBody);
      expect([[201, true], [503, false]]).toContainEqual([status, whole]);
    }
    expect(answers.map(({ status }) => status)).toContain(503);
    await expectNoLeaks(server.services);
    for (const [i, body] of bodies.entries()) expect((await sendDataset(server.request, 'POST', body)).status).toBe(answers[i]?.status === 201 ? 200 : 201);
    await expectClean(bodies);
    await removeAll(bodies);
    await expectClean([]);
  }, 120_000);

  it('before anything was asked: 503 for readers and writers while it is away, then all is as before', async () => {
    const body = gridDataset(fresh(), 100);
    proxy.refuses = true;
    proxy.cutAll();
    for (const [method, path] of [['GET', '/api/datasets'], ['GET', '/search'], ['GET', '/health/ready'], ['DELETE', '/api/datasets/x']] as const) {
      const answer = await server.request(method, path);
      expect({ path, status: answer.status }).toEqual({ path, status: 503 });
    }
    expect((await sendDataset(server.request, 'POST', body)).status).toBe(503);
    expect((await server.request('GET', '/health/live')).status).toBe(200);
    proxy.refuses = false;
    expect((await comingBack(() => sendDataset(server.request, 'POST', body))).status).toBe(201);
    await expectClean([body]);
    await removeAll([body]);
  });
});
