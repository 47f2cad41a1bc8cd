/** Transactions at once, through two servers on one database: nothing is lost, nothing is doubled, and extents and counts come out right. */
import { createLogger } from '../../src/log.js';
import { startServer } from '../../src/server.js';
import { createClient, type Loose, type TestAnswer, type TestClient, text } from '../support/client.js';
import { testsOnPostgres } from '../support/database.js';
import { collectionBody, itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let other: { request: TestClient; close(): Promise<void> };

/** A second server: with a pool of its own on PostgreSQL; the embedded database has one owner. */
async function startOther(): Promise<typeof other> {
  if (!testsOnPostgres()) return server.variant({});
  const running = await startServer({ config: { ...server.services.config, port: 0 }, logger: createLogger('silent') });
  const client = createClient(running.url);
  return {
    request: client.request,
    close: async () => {
      client.close();
      await running.close();
    },
  };
}

beforeAll(async () => {
  server = await startTestServer();
  other = await startOther();
});
afterAll(async () => {
  await other?.close();
  await server?.close();
});
beforeEach(async () => {
  await server.reset();
  await makeCollection(server, 'c', []);
});

const ITEMS = '/collections/c/items';
const many = <T>(count: number, make: (n: number, request: TestClient) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n, n % 2 === 0 ? server.request : other.request)));
const statuses = (answers: readonly TestAnswer[]): number[] => answers.map(({ status }) => status).toSorted((a, b) => a - b);
const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);
const get = async (path: string): Promise<Loose> => (await other.request('GET', path)).body;
const post = (body: unknown, request = server.request): Promise<TestAnswer> => request('POST', ITEMS, { body });
const at = (id: string, x: number, y: number, day = 1): unknown => itemBody(id, { bbox: [x, y, x + 1, y + 1], properties: { datetime: `2024-01-${String(day).padStart(2, '0')}T00:00:00Z` } });

/** The extent as a scan of all items has it; undefined where there are none. */
async function scanned(): Promise<unknown> {
  const { rows } = await server.services.database.pool.query<{ w: number | null; s: number; e: number; n: number; first: Date; last: Date }>(
    `SELECT ST_XMin(x) AS w, ST_YMin(x) AS s, ST_XMax(x) AS e, ST_YMax(x) AS n, first, last
       FROM (SELECT ST_Extent(geometry) AS x, min(datetime) AS first, max(end_datetime) AS last FROM pgstac.items WHERE collection = 'c') AS spanned`,
  );
  const [row] = rows;
  if (row === undefined || row.w === null) return undefined;
  return { spatial: { bbox: [[row.w, row.s, row.e, row.n]] }, temporal: { interval: [[row.first.toISOString(), row.last.toISOString()]] } };
}

/** Partitions by month: an item that moves in time moves to another table. */
const byMonth = (): Promise<unknown> => server.services.database.pool.query("UPDATE pgstac.collections SET partition_trunc = 'month' WHERE id = 'c'");

describe.each([['in one table', false], ['in tables by month', true]])('items %s', (_, isByMonth) => {
  beforeEach(async () => {
    if (isByMonth) await byMonth();
  });

  it('keep every one of 24 patches at once', async () => {
    await post(itemBody('i'));
    const merge = await many(24, (n, request) => request('PATCH', `${ITEMS}/i`, n % 3 === 0
      ? { headers: { 'content-type': 'application/json-patch+json' }, body: JSON.stringify([{ op: 'add', path: `/properties/p${n}`, value: n }]) }
      : { body: { properties: { [`p${n}`]: n } } }));
    expect(statuses(merge)).toEqual(times(24, 204));
    expect(Object.keys((await get(`${ITEMS}/i`))['properties'] ?? {})).toHaveLength(25);
  });

  it('keep every one of 8 patches while some move the item in space and time', async () => {
    await post(itemBody('i'));
    const moved = await many(8, (n, request) => request('PATCH', `${ITEMS}/i`, { body: n % 2 === 0 ? { properties: { [`p${n}`]: n, datetime: `2024-0${n + 1}-01T00:00:00Z` } } : { properties: { [`p${n}`]: n } } }));
    expect(statuses(moved)).toEqual(times(8, 204));
    expect(Object.keys((await get(`${ITEMS}/i`))['properties'] ?? {})).toHaveLength(9);
    expect((await get('/collections/c'))['extent']).toEqual(await scanned());
  });

  it('are written once by 8 writers of one id, and by one more in another collection', async () => {
    await makeCollection(server, 'e', []);
    const answers = await many(8, (n, request) => request('POST', ITEMS, { body: itemBody('i', { properties: { datetime: `2024-0${n + 1}-01T00:00:00Z` } }) }));
    expect(statuses(answers)).toEqual([201, ...times(7, 409)]);
    expect((await server.request('POST', '/collections/e/items', { body: itemBody('i') })).status).toBe(201);
  });

  it('let one of 8 writers with the same If-Match through', async () => {
    await post(itemBody('i'));
    const etag = text((await server.request('GET', `${ITEMS}/i`)).headers.etag);
    const answers = await many(8, (n, request) => request('PATCH', `${ITEMS}/i`, { headers: { 'if-match': etag }, body: { properties: { n } } }));
    expect(statuses(answers)).toEqual([204, ...times(7, 412)]);
  });

  it('are replaced whole by upserts that meet patches, puts and deletes', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const items = (n: number): Record<string, unknown> => Object.fromEntries(ids.map((id) => [id, itemBody(id, { properties: { n, datetime: `2024-0${(n % 3) + 1}-01T00:00:00Z` } })]));
    const answers = await many(16, (n, request) => {
      const id = ids[n % 4] ?? 'a';
      if (n % 4 === 0) return request('PATCH', `${ITEMS}/${id}`, { body: { properties: { patched: n } } });
      if (n % 4 === 1) return request('DELETE', `${ITEMS}/${id}`);
      if (n % 4 === 2) return request('PUT', `${ITEMS}/${id}`, { body: itemBody(id) });
      return request('POST', '/collections/c/bulk_items', { body: { items: items(n), method: 'upsert' } });
    });
    for (const { status, body } of answers) expect({ status, body, isRight: [200, 204, 404].includes(status) }).toEqual({ status, body, isRight: true });
    const { rows } = await server.services.database.pool.query<{ id: string; count: number }>("SELECT id, count(*)::int AS count FROM pgstac.items WHERE collection = 'c' GROUP BY id");
    expect(rows.filter(({ count }) => count !== 1)).toEqual([]);
    expect((await get('/collections/c'))['extent']).toEqual(await scanned());
  });
});

describe('a collection', () => {
  it('keeps every one of 16 patches at once, and the extent that items bring meanwhile', async () => {
    const answers = await many(24, (n, request) => (n < 16
      ? request('PATCH', '/collections/c', { body: { summaries: { [`s${n}`]: [n] } } })
      : post(at(`i${n}`, n, n, n), request)));
    expect(statuses(answers)).toEqual([...times(8, 201), ...times(16, 204)]);
    const collection = await get('/collections/c');
    expect(Object.keys(collection['summaries'] ?? {}).filter((name) => /^s\d+$/.test(name))).toHaveLength(16);
    expect(collection['extent']).toEqual(await scanned());
  });

  it('has the extent of its items after posts at once, each beyond the other', async () => {
    expect(statuses(await many(20, (n, request) => post(at(`i${n}`, n * 2 - 20, n - 10, n + 1), request)))).toEqual(times(20, 201));
    expect((await get('/collections/c'))['extent']).toEqual(await scanned());
  });

  it('has the extent of its items after each of many writes in turn, of whatever kind', async () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 40; round += 1) {
      const id = `i${random(8)}`;
      const body = at(id, random(40) / 10 - 2 + 1e-7 * random(9), random(40) / 10 - 2, 1 + random(5));
      const kind = random(5);
      if (kind === 0) await server.request('DELETE', `${ITEMS}/${id}`);
      else if (kind === 1) await server.request('PUT', `${ITEMS}/${id}`, { body });
      else if (kind === 2) await server.request('POST', '/collections/c/bulk_items', { body: { items: { [id]: body }, method: 'upsert' } });
      else await post(body);
      const extent = await scanned();
      if (extent !== undefined) expect({ round, extent: (await get('/collections/c'))['extent'] }).toEqual({ round, extent });
    }
  });

  it('has the extent of its items after posts and deletes at once', async () => {
    for (let round = 0; round < 4; round += 1) {
      await post({ type: 'FeatureCollection', features: Array.from({ length: 12 }, (_, n) => at(`r${round}-${n}`, n * 10 - 60, n, n + 1)) });
      const answers = await many(24, (n, request) => (n % 2 === 0 ? request('DELETE', `${ITEMS}/r${round}-${n / 2}`) : post(at(`s${round}-${n}`, n - 12, n - 12, 3), request)));
      expect(statuses(answers)).toEqual([...times(12, 201), ...times(12, 204)]);
      expect({ round, extent: (await get('/collections/c'))['extent'] }).toEqual({ round, extent: await scanned() });
    }
  });

  it('counts its items in summaries.tile_count, where it has one', async () => {
    await server.request('PUT', '/collections/c', { body: collectionBody('c', { summaries: { tile_count: [0] } }) });
    await post(itemBody('x'));
    await many(6, (n, request) => post(itemBody(`i${n}`), request));
    await post({ type: 'FeatureCollection', features: [itemBody('y'), itemBody('z')] });
    await server.request('POST', '/collections/c/bulk_items', { body: { items: { y: itemBody('y'), w: itemBody('w') }, method: 'upsert' } });
    await server.request('DELETE', `${ITEMS}/x`);
    expect((await get('/collections/c'))['summaries']?.['tile_count']).toEqual([9]);
  });
});
