/** The hook where something went wrong or comes late: registrations that fail, bases that change, searches that somebody deleted, items after their collection. */
import { readFile } from 'node:fs/promises';
import { healCollections } from '../../src/hooks/heal-collections.js';
import { hrefOf, linksOf, listOf, type Loose, text } from '../support/client.js';
import { collectionBody, datasetBody, itemBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const query = async (sql: string, values: unknown[] = []): Promise<Loose[]> => (await server.services.database.pool.query<Loose>(sql, values)).rows;
const stored = async (id: string): Promise<Loose> => (await query('SELECT content FROM pgstac.collections WHERE id = $1', [id]))[0]?.['content'] ?? {};
const searchIds = (collection: Loose): Loose[] => listOf(collection['summaries']?.['mosaic:search_id']);

it('a registration that fails leaves the collection, says so, and is tried again', async () => {
  await query('ALTER TABLE stac_mosaic.registered_searches ADD CONSTRAINT broken CHECK (search_id IS NULL) NOT VALID');
  try {
    const made = await server.request('POST', '/collections', { body: collectionBody('c') });
    expect([made.status, searchIds(made.body), linksOf(made.body, 'tilejson')]).toEqual([201, [], []]);
    expect(text(made.headers['warning'])).toMatch(/^199 stac-mosaic ".*could not be registered/);
    const put = await server.request('PUT', '/collections/c', { body: collectionBody('c', { title: 'T' }) });
    expect([put.status, /could not be registered/.test(text(put.headers['warning']))]).toEqual([204, true]);
    expect(await healCollections(server.services, false)).toBe(0);
    expect(await query('SELECT collection_id FROM stac_mosaic.unregistered_collections')).toEqual([{ collection_id: 'c' }]);
  } finally {
    await query('ALTER TABLE stac_mosaic.registered_searches DROP CONSTRAINT broken');
  }
  expect(await healCollections(server.services, false)).toBe(1);
  expect(await query('SELECT collection_id FROM stac_mosaic.unregistered_collections')).toEqual([]);
  const { body, headers } = await server.request('GET', '/collections/c');
  expect([searchIds(body).length, linksOf(body, 'tilejson').length, text(body['title']), headers['warning']]).toEqual([1, 1, 'T', undefined]);
  expect(await healCollections(server.services, true)).toBe(0);
});

it('links are healed when PUBLIC_URL changes, each exactly once', async () => {
  await server.request('POST', '/collections', { body: collectionBody('c', { links: [{ rel: 'license', href: 'https://example.com/license' }] }) });
  const hrefs = async (): Promise<string[]> => listOf((await stored('c'))['links']).map(({ href }) => text(href));
  expect((await hrefs()).filter((href) => href.startsWith('/'))).toHaveLength(4);
  for (const publicUrl of ['https://one.example.com', 'https://two.example.com/sub']) {
    const variant = await server.variant({ publicUrl });
    await variant.close();
    expect((await hrefs()).filter((href) => href.startsWith(`${publicUrl}/`))).toHaveLength(4);
    expect(await hrefs()).toHaveLength(5);
    expect(searchIds(await stored('c'))).toHaveLength(1);
  }
});

it('a search that another program deleted is registered again under its id', async () => {
  await server.request('POST', '/collections', { body: collectionBody('c') });
  const [id] = searchIds(await stored('c'));
  await query('DELETE FROM pgstac.searches WHERE hash = $1', [text(id)]);
  expect((await server.request('GET', `/searches/${text(id)}/info`)).status).toBe(404);
  // The collection is as it was; only the search is missing.
  await healCollections(server.services, true);
  expect((await server.request('GET', `/searches/${text(id)}/info`)).status).toBe(200);
  expect(searchIds(await stored('c'))).toEqual([id]);
});

describe('the asset that the links name', () => {
  const assets = (name: string, file = 'a'): Record<string, unknown> => ({ [name]: { href: `https://cogs.example.com/${file}.tif`, type: 'image/tiff; application=geotiff' }, thumbnail: { href: 'https://cogs.example.com/a.png', type: 'image/png' } });
  const named = async (): Promise<(string | null)[]> => {
    const { body } = await server.request('GET', '/collections/c');
    const now = ['preview', 'tilejson', 'tiles'].flatMap((rel) => linksOf(body, rel)).map(({ href }) => new URL(text(href)).searchParams.get('assets'));
    const kept = listOf((await stored('c'))['links']).filter(({ rel }) => text(rel) === 'preview').map(({ href }) => text(href).replace(/.*assets=/, ''));
    return [...new Set([...now, ...kept])];
  };
  const post = async (id: string, asset: string): Promise<number> => (await server.request('POST', '/collections/c/items', { body: itemBody(id, { assets: assets(asset, id) }) })).status;
  const drawn = async (collection = 'c'): Promise<string[]> => {
    const { body } = await server.request('GET', `/collections/${collection}/mosaic.json`);
    return [...new Set(Object.values(body['tiles'] ?? {}).flatMap((urls) => listOf(urls).map((url) => text(url).replace(/.*\/|\.tif$/g, ''))))].toSorted();
  };

  it('is the one of the items, through PUT and PATCH', async () => {
    await server.request('POST', '/collections', { body: collectionBody('c') });
    expect(await named()).toEqual(['data']);
    expect([await post('a', 'visual image'), await post('b', 'visual image')]).toEqual([201, 201]);
    expect(await named()).toEqual(['visual image', 'visual%20image']);
    await server.request('PUT', '/collections/c', { body: collectionBody('c') });
    expect(await named()).toEqual(['visual image', 'visual%20image']);
    await server.request('PATCH', '/collections/c', { body: { links: [] } });
    expect(await named()).toEqual(['visual image', 'visual%20image']);
    expect((await server.request('GET', '/collections/c/mosaic.json')).status).toBe(200);
  });

  it.each(['other', 'data'])('is “data” where an item has “%s” instead, and each is drawn by its own', async (other) => {
    await server.request('POST', '/collections', { body: collectionBody('c') });
    expect([await post('a', 'visual'), await named(), await post('b', other), await named()]).toEqual([201, ['visual'], 201, ['data']]);
    const { body } = await server.request('POST', '/collections/c/bulk_items', { body: { items: { d: itemBody('d', { assets: assets('visual', 'd') }) } } });
    expect([body, await named()]).toEqual([expect.anything(), ['data']]);
    await server.request('PUT', '/collections/c', { body: collectionBody('c') });
    expect(await named()).toEqual(['data']);
    expect(await drawn()).toEqual(['a', 'b', 'd']);
  });

  it('is no mosaic’s choice: items that others loaded are drawn whatever the links name', async () => {
    await server.request('POST', '/collections', { body: collectionBody('c') });
    await post('a', 'visual');
    await query('SELECT pgstac.create_item($1::jsonb)', [JSON.stringify({ ...itemBody('b', { assets: assets('cog', 'b') }), collection: 'c' })]);
    expect([await named(), await drawn()]).toEqual([['visual'], ['a', 'b']]);
  });

  it('is that of the tiles for datasets, whatever assets a dataset has of its own', async () => {
    const dataset = datasetBody('d');
    await postDataset(server, { ...dataset, dataset: { ...(dataset['dataset'] as Loose), assets: { source: { href: 'https://cogs.example.com/original.tif', type: 'image/tiff; application=geotiff' } } } });
    const asset = async (): Promise<string | null> => new URL(hrefOf((await server.request('GET', '/collections/datasets')).body, 'tiles')).searchParams.get('assets');
    expect(await asset()).toBe('data');
    expect((await server.request('PATCH', '/collections/datasets', { body: { title: 'Rasters' } })).status).toBe(204);
    const kept = listOf((await stored('datasets'))['links']).filter(({ rel }) => text(rel) === 'tilejson').map(({ href }) => text(href).replace(/.*assets=/, ''));
    expect([await asset(), kept]).toEqual(['data', ['data']]);
    expect((await drawn('datasets')).length).toBeGreaterThan(0);
  });

  it('is “data” beside links that are none', async () => {
    await query('SELECT pgstac.create_collection($1::jsonb)', [JSON.stringify({ ...collectionBody('c'), links: [null, 5, { rel: 'tilejson', href: ['/searches/x/tilejson.json'] }] })]);
    for (const path of ['/collections', '/collections/c', '/collections/c/mosaic.json']) expect([path, (await server.request('GET', path)).status]).toEqual([path, 200]);
    expect(await post('a', 'visual')).toBe(201);
  });

  it('is the one that item_assets tell, whatever the items have', async () => {
    await server.request('POST', '/collections', { body: collectionBody('c', { item_assets: { cog: { roles: ['data'], type: 'image/tiff; application=geotiff' } } }) });
    await post('a', 'visual');
    expect(await named()).toEqual(['cog']);
  });

  it('is the one of items that others loaded, once the collection is registered', async () => {
    await query('SELECT pgstac.create_collection($1::jsonb)', [JSON.stringify(collectionBody('c'))]);
    await query('SELECT pgstac.create_item($1::jsonb)', [JSON.stringify({ ...itemBody('a', { assets: assets('visual') }), collection: 'c' })]);
    await query("INSERT INTO stac_mosaic.unregistered_collections (collection_id, reason) VALUES ('c', 'loaded by others')");
    await healCollections(server.services, false);
    expect(await named()).toEqual(['visual']);
  });
});

describe('an operator’s SQL', () => {
  it('as the README gives it, shows each registered search with its metadata', async () => {
    await server.request('POST', '/collections', { body: collectionBody('flood_2024') });
    const { body } = await server.request('POST', '/searches/register', { body: { collections: ['flood_2024'], metadata: { name: 'Mine', owner: 'me' } } });
    const readme = await readFile('README.md', 'utf8');
    const statements = (/```sql\n([^`]*stac_mosaic\.searches[^`]*)```/.exec(readme)?.[1] ?? '').split(';').map((text) => text.trim()).filter((text) => text !== '');
    expect(statements).toHaveLength(2);
    const [all = [], one = []] = await Promise.all(statements.map((sql) => query(sql)));
    const [id] = searchIds(await stored('flood_2024'));
    const search = { collections: ['flood_2024'], 'filter-lang': 'cql2-json' };
    const times = { lastused: expect.any(Date) as unknown, usecount: '1' };
    expect(all.filter((row) => text(row['id']) === text(body['id']))).toEqual([{ id: body['id'], name: 'Mine', search, created_at: expect.any(Date) as unknown, ...times }]);
    expect(all.filter((row) => text(row['id']) === text(id))).toEqual([{ id, name: 'flood_2024 mosaic', search, created_at: expect.any(Date) as unknown, ...times }]);
    expect(one).toEqual([{ hash: id, search, metadata: { type: 'mosaic', name: 'flood_2024 mosaic' }, ...times }]);
    expect(await query('SELECT * FROM stac_mosaic.searches WHERE id = $1', [text(body['id'])])).toEqual([{ id: body['id'], search, metadata: { type: 'mosaic', name: 'Mine', owner: 'me' }, created_at: expect.any(Date) as unknown, ...times }]);
  });
});
