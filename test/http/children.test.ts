/** /children and the catalogs under /collections/{c}/browse. */
import { browseCatalog } from '../../src/collections/browse.js';
import { idsOf } from '../../src/pgstac/browse.js';
import { hrefOf, linksOf, listOf, type Loose } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

const get = async (path: string): Promise<Loose> => {
  const { status, body } = await server.request('GET', path);
  if (status !== 200) throw new Error(`${path} answers ${status}`);
  return body;
};

const NAMES = ['a', 'b', 'c ..', 'd&e=f', 'g', 'ü', '%2F', 'z+y'];

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'letters', NAMES.map((id) => itemBody(id)));
  await makeCollection(server, 'empty', []);
  await postDataset(server, datasetBody('one', boxTiles(2)));
});

afterAll(() => server?.close());

describe('/children', () => {
  it('holds the documents that the child links of the landing page lead to', async () => {
    const landing = await get('/');
    const children = listOf((await get(hrefOf(landing, 'children')))['children']);
    const linked = await Promise.all(linksOf(landing, 'child').map(({ href }) => get(href as unknown as string)));
    const bare = (document: Loose): Record<string, unknown> => ({ ...document, links: listOf(document['links']).filter(({ rel }) => String(rel as unknown) !== 'alternate') });
    expect(children.map(bare)).toEqual(linked.map(bare));
    expect(children.map(({ id }) => id)).toEqual(['datasets', 'empty', 'letters']);
  });

  it('is paged by its next links, with exact numbers', async () => {
    const pages: unknown[] = [];
    for (let path: string | undefined = '/children?limit=2'; path !== undefined; ) {
      const page: Loose = await get(path);
      pages.push(listOf(page['children']).map(({ id }) => id));
      expect(page['numberMatched']).toBe(3);
      path = linksOf(page, 'next').length === 0 ? undefined : hrefOf(page, 'next');
    }
    expect(pages).toEqual([['datasets', 'empty'], ['letters']]);
  });

  it.each(['limit=0', 'token=garbage', 'bbox=0,0,1,1', 'nosuch=1'])('?%s is 400', async (query) => {
    expect((await server.request('GET', `/children?${query}`)).status).toBe(400);
  });

  it('answers HEAD and conditional GET, and OPTIONS names the methods', async () => {
    const { headers } = await server.request('GET', '/children');
    expect((await server.request('HEAD', '/children')).status).toBe(200);
    expect((await server.request('GET', '/children', { headers: { 'if-none-match': String(headers['etag']) } })).status).toBe(304);
    expect((await server.request('OPTIONS', '/children')).headers['allow']).toBe('GET, HEAD, OPTIONS');
  });
});

describe('/collections/{c}/browse', () => {
  it('links every item, whatever its id holds', async () => {
    const catalog = await get(hrefOf(await get('/collections/letters'), 'child'));
    expect(catalog).toMatchObject({ type: 'Catalog', stac_version: '1.1.0' });
    const items = await Promise.all(linksOf(catalog, 'item').map(({ href }) => get(href as unknown as string)));
    expect(new Set(items.map(({ id }) => id))).toEqual(new Set(NAMES));
  });

  it('of an empty collection links nothing, of a hidden or unknown one is 404', async () => {
    expect(linksOf(await get('/collections/empty/browse'), 'item')).toEqual([]);
    for (const id of ['system_tiles', 'nosuch']) expect((await server.request('GET', `/collections/${id}/browse`)).status).toBe(404);
  });

  it('of more items than one catalog links is cut into parts that lose and repeat none', async () => {
    const { pool } = server.services.database;
    /** As a crawler reads catalogs of at most two links. */
    async function crawl(range: { from?: string; to?: string }, depth: number): Promise<string[]> {
      expect(depth).toBeLessThan(5);
      const part = await idsOf(pool, 'letters', range, 2);
      const catalog = browseCatalog('', 'letters', range, part);
      const links = catalog['links'] as { rel: string; href: string; title: string }[];
      const found: string[] = links.filter(({ rel }) => rel === 'item').map(({ title }) => title);
      for (const { href } of links.filter(({ rel }) => rel === 'child')) {
        const query = new URL(href, 'http://example.com').searchParams;
        found.push(...(await crawl(Object.fromEntries(query), depth + 1)));
      }
      return found;
    }
    const found = await crawl({}, 0);
    expect(found).toHaveLength(NAMES.length);
    expect(new Set(found)).toEqual(new Set(NAMES));
  });

  it('of a part holds the items from an id on and before another', async () => {
    const catalog = await get('/collections/letters/browse?from=b&to=g');
    expect(linksOf(catalog, 'item').map(({ title }) => title)).toEqual(['b', 'c ..', 'd&e=f']);
    expect(hrefOf(catalog, 'parent')).toBe(`${server.url}/collections/letters/browse`);
    expect((await server.request('GET', '/collections/letters/browse?from=%00')).status).toBe(400);
  });
});

it('a collection that is read and put back keeps one link of each kind', async () => {
  const before = await get('/collections/empty');
  expect((await server.request('PUT', '/collections/empty', { body: before })).status).toBe(204);
  const relations = (document: Loose): string[] => listOf(document['links']).map(({ rel, method }) => `${rel as unknown as string} ${String(method as unknown)}`);
  expect(relations(await get('/collections/empty'))).toEqual(relations(before));
});
