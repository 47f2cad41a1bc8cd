/** GET /collections as a search: which collections, in which order, on which page. */
import { hrefOf, linksOf, listOf, type Loose } from '../support/client.js';
import { collectionBody } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

const extent = (bbox: number[][], interval: (string | null)[][]): Record<string, unknown> => ({ spatial: { bbox }, temporal: { interval } });

const COLLECTIONS = [
  collectionBody('alps', { title: 'Alpine glaciers', keywords: ['ice', 'snow'], extent: extent([[5, 43, 17, 49]], [['2000-01-01T00:00:00Z', '2010-12-31T00:00:00Z']]), priority: 3, created: '2020-01-01T00:00:00Z' }),
  collectionBody('fiji', { title: 'Reefs of Fiji', keywords: ['coral'], extent: extent([[177, -20, -178, -15]], [['2015-01-01T00:00:00Z', null]]), priority: 1 }),
  collectionBody('heights', { title: 'A model with heights', extent: extent([[100, 10, -50, 110, 20, 8000]], [[null, '1999-12-31T23:59:59Z']]), priority: 2 }),
  collectionBody('parts', { title: 'Two islands', extent: extent([[-40, -40, 40, 40], [-40, -40, -30, -30], [30, 30, 40, 40]], [['2012-01-01T00:00:00Z', '2013-01-01T00:00:00Z']]), priority: 2 }),
];

const search = async (query: string): Promise<Loose> => {
  const { status, body } = await server.request('GET', `/collections?${query}`);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
};
const idsOf = (body: Loose): string[] => listOf(body['collections']).map(({ id }) => id as unknown as string);
/** Without the collection of datasets, which spans the world and all time. */
const ids = async (query: string): Promise<string[]> => idsOf(await search(query)).filter((id) => id !== 'datasets');
const byText = (filter: string): string => `filter=${encodeURIComponent(filter)}`;
const byJson = (filter: unknown): string => `filter-lang=cql2-json&filter=${encodeURIComponent(JSON.stringify(filter))}`;

beforeAll(async () => {
  server = await startTestServer();
  for (const body of COLLECTIONS) expect((await server.request('POST', '/collections', { body })).status).toBe(201);
});

afterAll(() => server?.close());

describe('which collections', () => {
  it('are all but the hidden one without parameters, by id, with exact numbers', async () => {
    const body = await search('');
    expect(idsOf(body)).toEqual(['alps', 'datasets', 'fiji', 'heights', 'parts']);
    expect([body['numberMatched'], body['numberReturned']]).toEqual([5, 5]);
    expect(linksOf(body, 'next')).toEqual([]);
  });

  it.each([
    ['6,44,7,45', ['alps']],
    ['179,-18,179.5,-17', ['fiji']],
    ['-179,-18,-178.5,-17', ['fiji']],
    ['0,-18,10,-17', ['parts']],
    ['170,-30,-170,30', ['fiji']],
    ['105,12,106,13', ['heights']],
    ['105,12,0,106,13,100', ['heights']],
    ['60,-10,70,10', []],
  ])('meet the box %s', async (bbox, expected) => {
    expect(await ids(`bbox=${bbox}`)).toEqual(expected);
  });

  it('have a box over the antimeridian that is not the wide one beside it', async () => {
    expect(await ids('bbox=-100,-18,-90,-16')).toEqual([]);
  });

  it.each([
    ['2005-06-01T00:00:00Z', ['alps']],
    ['2010-12-31T00:00:00Z', ['alps']],
    ['2011-01-01T00:00:00Z/2011-12-31T00:00:00Z', []],
    ['2012-06-01T00:00:00Z/..', ['fiji', 'parts']],
    ['../1990-01-01T00:00:00Z', ['heights']],
    ['2030-01-01T00:00:00Z', ['fiji']],
  ])('meet the time %s, open ends of theirs included', async (datetime, expected) => {
    expect(await ids(`datetime=${datetime}`)).toEqual(expected);
  });

  it.each([
    [byText("title LIKE '%Fiji'"), ['fiji']],
    [byText("id IN ('alps', 'parts')"), ['alps', 'parts']],
    [byText('priority > 1 AND priority < 3'), ['heights', 'parts']],
    [byText("A_CONTAINS(keywords, ('ice'))"), ['alps']],
    [byText('S_INTERSECTS(geometry, POINT(179.5 -17))'), ['fiji']],
    [byText('S_INTERSECTS(geometry, POINT(105 15))'), ['heights']],
    [byText('S_INTERSECTS(geometry, BBOX(-100, -18, -90, -16))'), []],
    [byText("T_INTERSECTS(INTERVAL(datetime, end_datetime), DATE('2005-01-01'))"), ['alps']],
    [byJson({ op: '=', args: [{ property: 'title' }, 'Two islands'] }), ['parts']],
    [byJson({ op: 'not', args: [{ op: 'isNull', args: [{ property: 'created' }] }] }), ['alps']],
  ])('fulfil the filter %s', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  it('fulfil all parameters together', async () => {
    expect(await ids(`bbox=-180,-90,180,90&datetime=2012-06-01T00:00:00Z&${byText('priority = 2')}`)).toEqual(['parts']);
  });
});

describe('the order', () => {
  it.each([
    ['+title', ['heights', 'alps', 'fiji', 'parts']],
    ['-title', ['parts', 'fiji', 'alps', 'heights']],
    ['priority', ['fiji', 'heights', 'parts', 'alps']],
    ['-priority,-id', ['alps', 'parts', 'heights', 'fiji']],
    ['datetime', ['heights', 'alps', 'parts', 'fiji']],
    ['created', ['alps', 'fiji', 'heights', 'parts']],
  ])('is that of sortby=%s, ties by id, missing values last', async (sortby, expected) => {
    expect(await ids(`sortby=${encodeURIComponent(sortby)}`)).toEqual(expected);
  });
});

describe('pages', () => {
  /** Follows a relation from a page to its last; answers the pages' ids. */
  async function follow(first: Loose, rel: string): Promise<{ pages: string[][]; last: Loose }> {
    const pages = [idsOf(first)];
    let page = first;
    while (linksOf(page, rel).length > 0 && pages.length < 20) {
      const { status, body } = await server.request('GET', hrefOf(page, rel));
      expect(status).toBe(200);
      expect(body['numberMatched']).toBe(5);
      page = body;
      pages.push(idsOf(page));
    }
    return { pages, last: page };
  }

  it.each(['id', '-title', 'priority', 'created', '-datetime'])('lead forth and back through every collection once, by %s', async (sortby) => {
    const whole = idsOf(await search(`sortby=${sortby}`));
    for (const limit of [1, 2, 4]) {
      const { pages, last } = await follow(await search(`sortby=${sortby}&limit=${limit}`), 'next');
      expect(pages.flat()).toEqual(whole);
      expect(pages.every((page) => page.length > 0)).toBe(true);
      const back = await follow(last, 'prev');
      expect(back.pages.toReversed().flat()).toEqual(whole);
      expect(linksOf(back.last, 'prev')).toEqual([]);
    }
  });

  it('keep the query in their links, and the media type of what they link', async () => {
    const page = await search('limit=1&bbox=-180,-90,180,90');
    const [next] = linksOf(page, 'next');
    expect(next).toMatchObject({ type: 'application/json', method: 'GET' });
    expect(new URL(hrefOf(page, 'next')).searchParams.get('bbox')).toBe('-180,-90,180,90');
    expect(hrefOf(page, 'self')).toBe(`${server.url}/collections?limit=1&bbox=-180%2C-90%2C180%2C90`);
  });

  it('refuse the token of another query, garbage and the token of an item search', async () => {
    const token = new URL(hrefOf(await search('limit=1'), 'next')).searchParams.get('token') ?? '';
    for (const query of [`token=${token}&sortby=title`, `token=${token}&bbox=0,0,1,1`, 'token=garbage']) {
      expect((await server.request('GET', `/collections?${query}`)).status).toBe(400);
    }
    expect((await server.request('GET', `/search?token=${token}`)).status).toBe(400);
    expect((await server.request('GET', `/collections?limit=2&token=${token}`)).status).toBe(200);
  });
});

describe('what is refused', () => {
  it.each(['limit=0', 'limit=x', 'bbox=1,2,3', 'bbox=0,10,1,0', 'datetime=yesterday', 'nosuch=1', byText('title ='), byText("S_INTERSECTS(title, POINT(0 0))"), 'filter-lang=cql&filter=x', 'collections=a', 'sortby=geometry'])(
    '%s is 400 and names the parameter',
    async (query) => {
      const { status, body } = await server.request('GET', `/collections?${query}`);
      expect(status).toBe(400);
      expect(listOf(body['errors']).length).toBeGreaterThan(0);
    },
  );

  it('a filter or order that names a hidden collection does not find it', async () => {
    expect(idsOf(await search(byText("id = 'system_tiles'")))).toEqual([]);
  });
});

describe('queryables and sortables', () => {
  it('are linked, and name what STAC defines and what the collections have', async () => {
    const page = await search('');
    const queryables = await server.request('GET', hrefOf(page, 'http://www.opengis.net/def/rel/ogc/1.0/queryables'));
    const sortables = await server.request('GET', hrefOf(page, 'http://www.opengis.net/def/rel/ogc/1.0/sortables'));
    expect(queryables.headers['content-type']).toMatch(/^application\/schema\+json/);
    expect(queryables.body['$id']).toBe(`${server.url}/collection-queryables`);
    expect(queryables.body['properties']).toMatchObject({ id: { type: 'string' }, keywords: { type: 'array' }, priority: { type: 'number' }, datetime: { format: 'date-time' }, 'summaries.mosaic:search_id': { type: 'array' } });
    expect(sortables.body['properties']).toMatchObject({ title: { type: 'string' }, priority: { type: 'number' } });
    expect(sortables.body['properties']).not.toHaveProperty('keywords');
  });

  it('answer HEAD and conditional GET', async () => {
    for (const path of ['/collections?limit=2', '/collection-queryables', '/collection-sortables']) {
      const { headers } = await server.request('GET', path);
      expect((await server.request('HEAD', path)).status).toBe(200);
      expect((await server.request('GET', path, { headers: { 'if-none-match': String(headers['etag']) } })).status).toBe(304);
    }
  });
});

describe('free text, query and fields', () => {
  it.each([
    ['q=reefs', ['fiji']],
    ['q=REEFS,snow', ['alps', 'fiji']],
    ['q=alpine glaciers,nothing', ['alps']],
    ['q=glaciers alpine,nothing', []],
    ['q=alpine islands', ['alps', 'parts']],
    ['q="two islands"', ['parts']],
    ['q=(alpine OR two) AND islands', ['parts']],
    ['q=collection -islands', ['alps', 'fiji', 'heights']],
    ['q=glacier', []],
  ])('%s finds words of title, description and keywords', async (query, expected) => {
    expect(await ids(query.replace(/(?<=q=).*/, (text) => encodeURIComponent(text)))).toEqual(expected);
  });

  it.each([
    [{ priority: { gte: 2, lt: 3 } }, ['heights', 'parts']],
    [{ title: { startsWith: 'Two' } }, ['parts']],
    [{ id: { in: ['alps', 'fiji'] } }, ['alps', 'fiji']],
  ])('query=%j selects', async (query, expected) => {
    expect(await ids(`query=${encodeURIComponent(JSON.stringify(query))}`)).toEqual(expected);
  });

  it('fields adds to what a valid collection needs, and takes away', async () => {
    const [included] = listOf((await search(`fields=keywords&${byText("id = 'alps'")}`))['collections']);
    expect(Object.keys(included ?? {}).toSorted()).toEqual(['description', 'extent', 'id', 'keywords', 'license', 'links', 'stac_version', 'title', 'type']);
    const [excluded] = listOf((await search(`fields=-description,-links,-extent.temporal&${byText("id = 'alps'")}`))['collections']);
    expect(Object.keys(excluded ?? {}).toSorted()).toEqual(['extent', 'id', 'license', 'stac_version', 'title', 'type']);
    expect(excluded?.['extent']).toEqual({ spatial: { bbox: [[5, 43, 17, 49]] } });
  });

  it('tokens lead on with the same words only', async () => {
    const page = await search('q=collection&limit=1');
    const token = new URL(hrefOf(page, 'next')).searchParams.get('token') ?? '';
    expect((await server.request('GET', `/collections?q=collection&limit=1&token=${token}`)).status).toBe(200);
    expect((await server.request('GET', `/collections?q=islands&limit=1&token=${token}`)).status).toBe(400);
  });

  it.each(['q=%22open', 'q=(a', 'query=%7B%22id%22%3A1%7D', 'query=x'])('%s is 400', async (query) => {
    expect((await server.request('GET', `/collections?${query}`)).status).toBe(400);
  });
});
