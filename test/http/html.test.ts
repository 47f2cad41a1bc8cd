/** Pages (OGC API - Features 1.0, class html): each GET that answers JSON has one, and nothing that a document says can break out of it. */
import { routes } from '../../routes/index.js';
import { hasPage } from '../../routes/negotiate.js';
import { linksOf, listOf, text, type TestAnswer } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { boxTiles, collectionBody, datasetBody, itemBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** What Chromium and Firefox send when a person opens an address. */
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const MARKUP = '"><script>alert(1)<b>\'&amp;';
const HOSTILE_ITEM = 'item"><img src=x onerror=alert(1)>';

let server: TestServer;
/** What stands in the path templates. */
const values: Record<string, string> = { collectionId: 'seen', itemId: 'one', datasetId: 'drawn', tileId: 'drawn_tile_001', tileMatrixSetId: 'WebMercatorQuad', z: '0', x: '0', y: '0', tileMatrix: '0', tileRow: '0', tileCol: '0', lon: '65', lat: '25', colorMapId: 'viridis', minx: '0', miny: '0', maxx: '1', maxy: '1' };

beforeAll(async () => {
  server = await startTestServer();
  const { request } = server;
  // One tile can be read: pages of values at a point show its pixels.
  const href = await server.file('readable.tif', await makeCog({ width: 64, height: 64, res: 10 / 64, west: 60, north: 30, block: 64, pixels: () => [1, 2, 3] }));
  const answer = await postDataset(server, datasetBody('drawn', [...boxTiles(4), { href, bbox: [60, 20, 70, 30], index: 5 }]));
  values['searchId'] = text(answer['search_id']);
  const job = await request('POST', '/api/jobs', { body: { dataset: datasetBody('coming').dataset, expected_tiles: 2 } });
  values['jobId'] = text(job.body['job_id']);
  const collection = collectionBody('seen', {
    title: `Title ${MARKUP}`,
    description: `Text ${MARKUP} [ok](https://example.com/a) [bad](javascript:alert(1)) ![pic](https://example.com/p.png)`,
    keywords: [MARKUP],
    links: [{ rel: 'about', href: 'https://example.com/about', title: MARKUP }],
  });
  expect((await request('POST', '/collections', { body: collection })).status).toBe(201);
  const hostile = itemBody(HOSTILE_ITEM, {
    properties: { title: MARKUP, 'x:link': 'javascript:alert(1)', 'x:text': MARKUP, [`x:${MARKUP}`]: 1 },
    assets: {
      script: { href: 'javascript:alert(1)', title: MARKUP, roles: ['thumbnail'], type: 'image/png' },
      picture: { href: 'https://elsewhere.example/p.png', type: 'image/png', roles: ['thumbnail'] },
      data: { href: 'data:text/html,<script>alert(1)</script>' },
    },
    links: [{ rel: 'via', href: 'javascript:alert(2)', title: 'click' }],
  });
  const features = [itemBody('one', { properties: { title: 'The first' } }), itemBody('two', { bbox: [2, 2, 3, 3] }), itemBody('three', { bbox: [60, 20, 70, 30], assets: { data: { href } } })];
  const made = await request('POST', '/collections/seen/items', { body: { type: 'FeatureCollection', features } });
  expect(made.status).toBe(201);
  // Our own routes refuse such addresses; other writers of the database do not.
  await server.services.database.pool.query('SELECT pgstac.create_item($1::jsonb)', [JSON.stringify({ ...hostile, collection: 'seen' })]);
});
afterAll(() => server?.close());

const page = (path: string, accept = BROWSER): Promise<TestAnswer> => server.request('GET', path, { headers: { accept } });
const typeOf = ({ headers }: TestAnswer): string => text(headers['content-type']).split(';')[0] ?? '';
const filled = (template: string): string => template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? 'none'));
/** The values of an attribute, in every element or in those of a name. */
const attributes = (markup: string, name: string, element = '\\w+'): string[] =>
  [...markup.matchAll(new RegExp(`<${element}\\b[^>]*?\\s${name}="([^"]*)"`, 'g'))].map(([, value]) => (value ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'"));

const withPages = routes.filter(({ method, path, operation }) => method === 'GET' && hasPage(path, operation));
/** What a route cannot answer without. */
function neededBy(template: string): string {
  if (template.endsWith('/aggregate')) return '?aggregations=total_count';
  return template.startsWith('/mosaicjson/') ? `?url=${encodeURIComponent(`${server.url}/api/datasets/drawn/mosaic.json`)}` : '';
}

const pathOf = (template: string): string => filled(template) + neededBy(template);

function expectOwn(markup: string): void {
  const loaded = [...attributes(markup, 'src'), ...attributes(markup, 'href', 'link').filter((href) => !/[?&]f=(json|html)/.test(href))];
  expect(loaded.filter((href) => !href.startsWith(`${server.url}/`))).toEqual([]);
  const followed = [...attributes(markup, 'href'), ...attributes(markup, 'action')];
  expect(followed.filter((href) => !/^(https?:\/\/|#)/.test(href))).toEqual([]);
  const scripts = [...markup.matchAll(/<script\b([^>]*)>/g)].map(([, inside]) => inside ?? '');
  expect(scripts.filter((inside) => !/^ type="module" src="[^"]+"$/.test(inside) && inside !== ' type="application/json"')).toEqual([]);
  expect(markup).not.toMatch(/<[^>]*\son\w+=/);
  expect(markup).not.toContain('<img src=x');
}

describe('each GET that answers JSON', () => {
  it('are the routes of the table but for files that are named .json', () => {
    const others = routes.filter(({ method, path, operation }) => method === 'GET' && !hasPage(path, operation) && /json/.test(operation.answers[200]?.type ?? ''));
    expect(others.filter(({ path }) => !path.endsWith('.json'))).toEqual([]);
    expect(withPages.length).toBeGreaterThan(15);
  });

  for (const { path, operation } of withPages) {
    it(`${path} answers a page where one is asked for, and JSON to all others`, async () => {
      const at = pathOf(path);
      const [asPage, asJson, any, none] = await Promise.all([page(at), page(at, 'application/json'), page(at, '*/*'), server.request('GET', at)]);
      expect([asPage, asJson, any, none].map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(text(asPage.headers['content-type'])).toBe('text/html; charset=utf-8');
      for (const answer of [asJson, any, none]) expect(typeOf(answer)).toMatch(/json$/);
      for (const answer of [asPage, asJson]) expect(text(answer.headers['vary'])).toMatch(/\bAccept\b(?!-)/);
      expect(text(asPage.headers['content-security-policy'])).toMatch(/script-src 'self'(;|$)/);
      expect(Object.keys(operation.query ?? {})).toContain('f');

      const markup = text(asPage.body);
      expect(markup).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(markup.match(/<h1\b/g)).toHaveLength(1);
      expectOwn(markup);
    });

    it(`${path} links its two forms to each other`, async () => {
      const at = pathOf(path);
      const query = (form: string): string => `${at}${at.includes('?') ? '&' : '?'}f=${form}`;
      const [asPage, asJson] = await Promise.all([page(query('html'), 'application/json'), page(query('json'))]);
      expect([typeOf(asPage), typeOf(asJson)]).toEqual(['text/html', expect.stringMatching(/json$/)]);
      if (operation.page !== undefined) return;
      const links = linksOf(asJson.body, 'alternate').filter((link) => text(link['type']) === 'text/html').map((link) => text(link['href']));
      const header = /<([^>]+)>; rel="alternate"; type="text\/html"/.exec(text(asJson.headers['link'] ?? ''))?.[1];
      const href = new URL(query('html'), server.url).href;
      const found = Array.isArray(asJson.body['links']) ? links : [header];
      expect(found.map((link) => new URL(link ?? '').href)).toEqual([href]);
      const markup = text(asPage.body);
      const json = new URL(query('json'), server.url).href;
      expect(attributes(markup, 'href', 'link').map((link) => (URL.canParse(link) ? new URL(link).href : link))).toEqual(expect.arrayContaining([href, json]));
      expect(attributes(markup, 'href', 'a').map((link) => (URL.canParse(link) ? new URL(link).href : link))).toEqual(expect.arrayContaining([href, json]));
    });
  }
});

describe('the choice between page and JSON', () => {
  it('goes by the weights of Accept, and f has the last word', async () => {
    const cases: [accept: string, type: string][] = [
      ['text/html', 'text/html'],
      ['text/*', 'text/html'],
      ['text/html;q=0.5, application/json;q=0.4', 'text/html'],
      ['text/html;q=0.4, application/json;q=0.5', 'application/json'],
      ['text/html;q=0, */*', 'application/json'],
      ['application/json, text/html', 'application/json'],
      ['application/geo+json, text/html;q=0.9', 'application/json'],
      ['image/png', 'application/json'],
      ['', 'application/json'],
    ];
    for (const [accept, type] of cases) expect([accept, typeOf(await page('/', accept))]).toEqual([accept, type]);
    expect(typeOf(await page('/?f=json'))).toBe('application/json');
    expect(typeOf(await page('/?f=html', 'application/json'))).toBe('text/html');
    expect((await page('/?f=xml', 'application/json')).status).toBe(400);
  });

  it('gives each form an ETag of its own, and both honour it', async () => {
    const [asPage, asJson] = [await page('/collections/seen'), await page('/collections/seen', 'application/json')];
    expect(asPage.headers['etag']).not.toBe(asJson.headers['etag']);
    const again = await server.request('GET', '/collections/seen', { headers: { accept: BROWSER, 'if-none-match': text(asPage.headers['etag']) } });
    expect(again.status).toBe(304);
    const other = await server.request('GET', '/collections/seen', { headers: { accept: BROWSER, 'if-none-match': text(asJson.headers['etag']) } });
    expect(other.status).toBe(200);
    const head = await server.request('HEAD', '/collections/seen', { headers: { accept: BROWSER } });
    expect([head.status, typeOf(head), head.bytes.length]).toEqual([200, 'text/html', 0]);
  });

  it('stays with f while paging', async () => {
    const first = await page('/collections/seen/items?limit=2&f=html', '*/*');
    const next = attributes(text(first.body), 'href', 'a').find((href) => href.includes('token='));
    expect(next).toMatch(/[?&]f=html\b/);
    expect(typeOf(await page(text(next), '*/*'))).toBe('text/html');
  });
});

describe('errors', () => {
  it('are pages with the same status where a page was asked for', async () => {
    for (const [path, status] of [['/nothing-here', 404], ['/collections/no-such', 404], ['/search?limit=0', 400], ['/api/datasets/no-such/mosaic.json', 404]] as const) {
      const [asPage, asJson] = [await page(path), await page(path, 'application/json')];
      expect([path, asPage.status, typeOf(asPage)]).toEqual([path, status, 'text/html']);
      expect([path, asJson.status, text(asJson.body['code'])]).toEqual([path, status, status === 404 ? 'NotFound' : 'InvalidInput']);
      expectOwn(text(asPage.body));
    }
  });

  it('is a page for a method that is not there as well, and JSON for programs', async () => {
    const shown = await page('/api/jobs');
    expect([shown.status, typeOf(shown), shown.headers['allow']]).toEqual([405, 'text/html', 'POST, OPTIONS']);
    expect((await server.request('GET', '/api/jobs')).body).toMatchObject({ code: 'MethodNotAllowed', errors: [] });
  });

  it('escape what the request said', async () => {
    const answer = await page('/search?datetime=%3Cscript%3Ealert(1)%3C/script%3E&%3Cimg%20src=x%20onerror=alert(1)%3E=1');
    expect(answer.status).toBe(400);
    expectOwn(text(answer.body));
    expectOwn(text((await page('/%3Cscript%3Ealert(1)%3C%2Fscript%3E')).body));
  });
});

describe('what documents say', () => {
  const hostile = `/collections/seen/items/${encodeURIComponent(HOSTILE_ITEM)}`;

  it('is text in a page, never markup, a script or an address that is none of the web', async () => {
    for (const path of ['/', '/collections', '/collections/seen', '/collections/seen/items', '/search?collections=seen', hostile, '/collections/seen/queryables']) {
      const answer = await page(path);
      expect([path, answer.status]).toEqual([path, 200]);
      const markup = text(answer.body);
      expectOwn(markup);
      expect(markup).not.toContain('<script>alert');
      expect(attributes(markup, 'href').join(' ')).not.toMatch(/javascript:|data:/);
    }
    const markup = text((await page(hostile)).body);
    expect(markup).toContain('javascript:alert(1)');
    expect(markup).toContain('&quot;&gt;&lt;script&gt;alert(1)');
  });

  it('cannot end the data of the map', async () => {
    const markup = text((await page('/collections/seen/items')).body);
    const data = /<script type="application\/json">([\s\S]*?)<\/script>/.exec(markup)?.[1] ?? '';
    const { features } = JSON.parse(data) as { features: { properties: { name: string } }[] };
    expect(features.map(({ properties }) => properties.name).toSorted()).toEqual([HOSTILE_ITEM, 'one', 'three', 'two']);
    expect(data).not.toContain('<');
  });

  it('is all there: every link, asset and property of an item, and pictures of other hosts only as links', async () => {
    const json = (await page('/collections/seen/items/one', 'application/json')).body;
    const markup = text((await page('/collections/seen/items/one')).body);
    const hrefs = attributes(markup, 'href', 'a');
    for (const link of listOf(json['links'])) expect(hrefs).toContain(text(link['href']));
    expect(hrefs).toContain('https://cogs.example.com/one.tif');
    for (const value of ['The first', '1 Jan 2024', '0° to 1°']) expect(markup).toContain(value);
    const shown = text((await page(hostile)).body);
    expect(attributes(shown, 'href', 'a')).toContain('https://elsewhere.example/p.png');
    expect(attributes(shown, 'src', 'img')).toEqual([]);
  });

  it('is linked from descriptions where it is of the web', async () => {
    const hrefs = attributes(text((await page('/collections/seen')).body), 'href', 'a');
    expect(hrefs).toEqual(expect.arrayContaining(['https://example.com/a', 'https://example.com/p.png', 'https://example.com/about']));
  });
});

describe('the form of a search', () => {
  it('shows what was asked, offers what the parameters are, and keeps what it does not show', async () => {
    const answer = await page('/search?collections=seen&bbox=0,0,5,5&datetime=2024-01-01T00:00:00Z/..&sortby=-datetime&filter-lang=cql2-text&filter=id%3D%27one%27&limit=5&f=html');
    const markup = text(answer.body);
    expect(answer.status).toBe(200);
    expect(attributes(markup, 'name', 'input')).toEqual(expect.arrayContaining(['collections', 'bbox', 'datetime', 'limit', 'f', 'filter-lang']));
    expect(markup).toContain('value="0,0,5,5"');
    expect(markup).toMatch(/value="seen" checked/);
    expect(markup).toMatch(/<option value="-datetime" selected>/);
    expect(markup).toContain('id=&#39;one&#39;</textarea>');
    expect(markup).not.toContain('system_tiles');
    for (const id of attributes(markup, 'for', 'label')) expect(markup).toContain(` id="${id}"`);
  });

  it('takes empty inputs as none, as a browser sends them', async () => {
    const answer = await page('/search?q=&bbox=&datetime=&sortby=&limit=&ids=&filter=&collections=seen');
    expect(answer.status).toBe(200);
    expect(text(answer.body)).toContain('The first');
  });
});

it('registered searches are a list that leads to each, and the API has the navigation of all pages', async () => {
  const list = text((await page('/searches/list')).body);
  expect(attributes(list, 'href', 'a')).toEqual(expect.arrayContaining([`${server.url}/searches/${values['searchId']}/info`, `${server.url}/searches/${values['searchId']}/WebMercatorQuad/map.html`]));
  for (const markup of [list, text((await page('/api.html')).body)]) expect(attributes(markup, 'href', 'a')).toContain(`${server.url}/collections`);
});

it('the tiles\' hidden collection is on no page of a list', async () => {
  for (const path of ['/', '/collections', '/search', '/queryables', '/searches/list']) expect([path, text((await page(path)).body).includes('system_tiles')]).toEqual([path, false]);
});
