/** titiler-pgstac 3.2 beside us on one database: the same ids, each serves what the other has registered, both survive a restart. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listOf, type Loose, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { startTitiler, stopTitiler, type Titiler, whyNoTitiler } from '../support/titiler.js';

const skipped = whyNoTitiler();
const WORLD = resolve('../shared/data/world');

(skipped === undefined ? describe : describe.skip)(skipped === undefined ? 'titiler-pgstac beside us' : `titiler-pgstac beside us (skipped: ${skipped})`, () => {
  let server: TestServer;
  let titiler: Titiler;
  let databaseUrl: string;

  beforeAll(async () => {
    server = await startTestServer({ config: { allowedFileRoots: [WORLD] } });
    const { database } = server.services.config;
    databaseUrl = database.url ?? '';
    // Overlapping, rotated ones too; some end exactly where tiles do.
    const items = Array.from({ length: 60 }, (_, i) => {
      const [x, y] = [-170 + ((i * 67) % 330), -70 + ((i * 37) % 130)];
      const properties = { datetime: `2024-01-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z`, gsd: 1 + (i % 7) };
      if (i % 3 === 0) return itemBody(`i${i}`, { bbox: [22.5 * (i % 14) - 180, y, 22.5 * ((i % 14) + 2) - 180, y + 12], properties });
      const ring = [[x, y - 8], [x + 9, y], [x, y + 8], [x - 9, y], [x, y - 8]];
      return itemBody(`i${i}`, { bbox: [x - 9, y - 8, x + 9, y + 8], geometry: { type: 'Polygon', coordinates: [ring] }, properties });
    });
    await makeCollection(server, 'mix', items);
    titiler = await startTitiler(databaseUrl);
  }, 180_000);
  afterAll(async () => {
    await stopTitiler(titiler);
    await server?.close();
  });

  async function send(url: string, path: string, body?: string): Promise<Loose> {
    const answer = await fetch(url + path, body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect({ url: url + path, status: answer.status, said: answer.ok ? '' : await answer.text() }).toEqual({ url: url + path, status: 200, said: '' });
    return (await answer.json()) as Loose;
  }
  const ours = (path: string, body?: string): Promise<Loose> => send(server.url, path, body);
  const theirs = (path: string, body?: string): Promise<Loose> => send(titiler.url, path, body);

  it.each([
    '{}',
    '{"collections":["mix"]}',
    '{ "bbox" : [0, 0, 50.50, 1e-7], "collections":["mix"], "filter-lang":"cql2-json" }',
    '{"collections":["mix"],"limit":3,"token":"x","fields":{"include":["a"]},"ids":null}',
    '{"filter":{"op":"and","args":[{"op":"=","args":[{"property":"a"},1.0]},{"op":"<","args":[{"property":"b"},1e3]},{"op":">","args":[{"property":"c"},1.50]},{"op":"<","args":[{"property":"d"},12345678901234567890]}]}}',
    '{"intersects":{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10.5],[0,0]]],"bbox":[0,0,10,10.5],"crs":null}}',
    '{"datetime":"2024-01-01T00:00:00Z/..","sortby":[{"field":"gsd","direction":"desc","more":1}],"query":{"gsd":{"lt":10.0,"gte":1}}}',
    '{"collections":["mix"],"metadata":{"name":"é","bounds":[0,1,2,3],"minzoom":3,"maxzoom":7,"assets":["data"],"owner":"me","defaults":{"x":{"rescale":[[0,10.0]],"q":null}},"none":null}}',
    '{"collections":["mix"],"metadata":{"type":"search","own":{"f":2.0,"n":null}}}',
  ])('gives the same id for %s', async (body) => {
    const [first, second] = body.length % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const { id } = await first('/searches/register', body);
    expect((await second('/searches/register', body))['id']).toBe(id);
  });

  it('each serves what the other has registered: info, TileJSON and assets, in one order', async () => {
    for (const [register, sortby] of [[ours, 'asc'], [theirs, 'desc']] as const) {
      const body = JSON.stringify({ collections: ['mix'], sortby: [{ field: 'gsd', direction: sortby }], metadata: { name: 'Mixed', minzoom: 1, maxzoom: 6 } });
      const id = text((await register('/searches/register', body))['id']);
      const [mine, their] = [await ours(`/searches/${id}/info`), await theirs(`/searches/${id}/info`)];
      const { lastused: _mine, ...said } = { ...mine['search'] };
      const { lastused: _their, ...expected } = { ...their['search'] };
      expect(said).toEqual(expected);
      for (const ask of [ours, theirs]) expect(await ask(`/searches/${id}/WebMercatorQuad/tilejson.json?assets=data`)).toMatchObject({ tilejson: '3.0.0', minzoom: 1, maxzoom: 6 });
      const places = ['tiles/WebMercatorQuad/0/0/0', 'tiles/WebMercatorQuad/2/1/1', 'tiles/WebMercatorQuad/3/3/4', 'tiles/WorldCRS84Quad/2/3/1', 'tiles/WorldCRS84Quad/3/8/2', 'point/10.5,3', 'bbox/-100,-40,-20,30'];
      for (const place of places) {
        for (const limits of ['', '?skipcovered=false', '?exitwhenfull=false&skipcovered=false', '?items_limit=2', '?scan_limit=3']) {
          const path = `/searches/${id}/${place}/assets${limits}`;
          expect({ path, items: await ours(path) }).toEqual({ path, items: await theirs(path) });
        }
      }
    }
  }, 60_000);

  it.each(['{"datetime":"2024-01-05"}', '{"datetime":"2024-01-05/2024-01-20"}', '{"datetime":"../2024-01-09T00:00:00"}', '{"filter":{}}', '{"more":[1]}'])('serves what titiler-pgstac registers beyond STAC: %s', async (body) => {
    const id = text((await theirs('/searches/register', JSON.stringify({ collections: ['mix'], ...(JSON.parse(body) as object) })))['id']);
    const path = `/searches/${id}/tiles/WebMercatorQuad/1/1/1/assets?exitwhenfull=false&skipcovered=false`;
    expect(await ours(path)).toEqual(await theirs(path));
    expect(await ours(`/searches/${id}/WebMercatorQuad/tilejson.json?assets=data`)).toMatchObject({ tilejson: '3.0.0' });
  });

  it('lists the same searches', async () => {
    const listed = async (ask: typeof ours): Promise<string[]> => listOf((await ask('/searches/list?limit=1000'))['searches']).map(({ search }) => text(search?.['hash'])).toSorted();
    expect(await listed(ours)).toEqual(await listed(theirs));
    const owned = async (ask: typeof ours): Promise<Loose> => (await ask('/searches/list?owner=me&sortby=-lastused'))['context'] ?? {};
    expect(await owned(ours)).toEqual(await owned(theirs));
  });

  (existsSync(WORLD) ? it : it.skip)('titiler draws the world from our registration, and both survive a restart', async () => {
    const tiles = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).map((name) => ({ href: pathToFileURL(join(WORLD, name)).href }));
    const posted = await server.request('POST', '/api/datasets', { body: { dataset: { id: 'world', properties: { title: 'The world', datetime: '2004-06-01T00:00:00Z' } }, tiles } });
    expect(posted.status).toBe(201);
    const id = text(posted.body['search_id']);
    const drawn = async (): Promise<void> => {
      const tile = await fetch(`${titiler.url}/searches/${id}/tiles/WebMercatorQuad/1/1/0.png?assets=data&tilesize=256`);
      expect([tile.status, tile.headers.get('content-type')]).toEqual([200, 'image/png']);
      expect((await tile.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
    };
    await drawn();
    await stopTitiler(titiler);
    titiler = await startTitiler(databaseUrl);
    await drawn();
    const restarted = await server.variant({});
    try {
      expect((await restarted.request('GET', `/searches/${id}/info`)).status).toBe(200);
      expect((await restarted.request('GET', `/searches/${id}/tiles/WebMercatorQuad/1/1/0/assets`)).body).toEqual(await theirs(`/searches/${id}/tiles/WebMercatorQuad/1/1/0/assets`));
    } finally {
      await restarted.close();
    }
  }, 180_000);
});
