/** Tiles that a TiTiler draws: what it is asked, and what becomes of its answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthConfig } from '../../src/config-auth.js';
import { authOf, bearer } from '../support/auth.js';
import { text } from '../support/client.js';
import { collectionBody, datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
let titiler: Server;
let url: string;
let answer: { status: number; type?: string; body?: string };
const asked: URL[] = [];
const bodies: string[] = [];

beforeAll(async () => {
  titiler = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://titiler'));
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => (body += piece)).on('end', () => bodies.push(body));
    if (answer.status === 0) request.socket.destroy();
    else response.writeHead(answer.status, { 'content-type': answer.type ?? 'image/png' }).end(answer.body);
  });
  await new Promise<void>((resolve) => titiler.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(titiler.address() as AddressInfo).port}`;
  server = await startTestServer();
});
afterAll(async () => {
  titiler.closeAllConnections();
  await Promise.all([server.close(), new Promise((resolve) => titiler.close(resolve))]);
});
beforeEach(async () => {
  await server.reset();
  asked.length = 0;
  bodies.length = 0;
  answer = { status: 200, body: 'picture' };
});

async function through(kind: 'pgstac' | 'mosaicjson', what: (variant: TestVariant) => Promise<void>, auth?: AuthConfig): Promise<void> {
  const variant = await server.variant({ ...auth, titiler: { url, kind } });
  try {
    await what(variant);
  } finally {
    await variant.close();
  }
}

test('titiler-pgstac is asked by search and by collection, with the same parameters', async () => {
  const id = text((await postDataset(server, datasetBody('far')))['search_id']);
  await server.request('POST', '/collections', { body: collectionBody('near') });
  await through('pgstac', async ({ request }) => {
    const tile = await request('GET', '/api/datasets/far/tiles/4/8/7.png?rescale=0,100&bands=1,2&colormap=viridis&empty=transparent');
    expect([tile.status, tile.headers['content-type'], tile.bytes.toString()]).toEqual([200, 'image/png', 'picture']);
    const first = asked.shift();
    expect(first?.pathname).toBe(`/searches/${id}/tiles/WebMercatorQuad/4/8/7.png`);
    expect([...(first?.searchParams ?? [])]).toEqual([['rescale', '0,100'], ['colormap_name', 'viridis'], ['assets', 'data|bidx=1,2']]);
    await request('GET', `/searches/${id}/tiles/WebMercatorQuad/4/8/7?assets=data`);
    expect(asked.shift()?.href).toBe(`http://titiler/searches/${id}/tiles/WebMercatorQuad/4/8/7?assets=data`);
    await request('GET', '/collections/near/tiles/WebMercatorQuad/4/8/7?datetime=2024-01-01T00:00:00Z&assets=data');
    expect(asked.shift()?.pathname).toBe('/collections/near/tiles/WebMercatorQuad/4/8/7');
    expect((await request('GET', '/api/datasets/none/tiles/4/8/7')).status).toBe(404);
    expect((await request('GET', '/api/datasets/far/tilejson.json')).status).toBe(200);
    expect(asked).toEqual([]);
  });
});

test('what a TiTiler would see more or less of than the caller is drawn here', async () => {
  for (const id of ['near', 'secret']) await server.request('POST', '/collections', { body: collectionBody(id) });
  const all = text((await server.request('POST', '/searches/register', { body: { bbox: [0, 0, 1, 1] } })).body['id']);
  const tileOf = (of: string): string => `/${of}/tiles/WebMercatorQuad/4/8/7`;
  const variables = { AUTH: 'api-key', API_KEYS: 'admin:admin', COLLECTIONS_PRIVATE: 'secret:admin' };
  const asks = async ({ request }: TestVariant): Promise<string[]> => {
    const drawn: string[] = [];
    for (const of of [`searches/${all}`, 'collections/near', 'collections/secret']) {
      for (const [who, headers] of [['nobody', {}], ['admin', bearer('admin')]] as const) {
        asked.length = 0;
        await request('GET', tileOf(of), { headers });
        if (asked.length > 0) drawn.push(`${who} ${of.replace(all, 'all')}`);
      }
    }
    return drawn;
  };
  await through('pgstac', async (variant) => expect(await asks(variant)).toEqual(['admin searches/all', 'nobody collections/near', 'admin collections/near', 'admin collections/secret']), authOf(variables));
  await through('mosaicjson', async (variant) => expect(await asks(variant)).toEqual(['nobody searches/all', 'nobody collections/near', 'admin collections/near']), authOf(variables));
  await through('mosaicjson', async (variant) => expect(await asks(variant)).toEqual([]), authOf({ ...variables, PUBLIC_READ: 'false' }));
});

test("titiler's MosaicJSON is asked by the URL of ours", async () => {
  await postDataset(server, datasetBody('far'));
  await through('mosaicjson', async ({ request, url: base }) => {
    expect((await request('GET', '/api/datasets/far/tiles/4/8/7?rescale=0,100&assets=data')).status).toBe(200);
    const [one] = asked;
    expect(one?.pathname).toBe('/mosaicjson/tiles/WebMercatorQuad/4/8/7');
    expect([...(one?.searchParams ?? [])]).toEqual([['rescale', '0,100'], ['url', `${base}/api/datasets/far/mosaic.json?asset=data`]]);
  });
});

test('points, boxes, features and statistics are asked of titiler-pgstac too; its MosaicJSON has no such routes and is asked for none', async () => {
  const id = text((await postDataset(server, datasetBody('far')))['search_id']);
  const square = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] } };
  const paths = async (request: TestVariant['request']): Promise<number[]> => [
    (await request('GET', `/searches/${id}/point/10.5,20?assets=data&coord_crs=EPSG:4326`)).status,
    (await request('GET', `/searches/${id}/bbox/0,1,10,11?assets=data|bidx=1&assets=more&max_size=64`)).status,
    (await request('GET', `/searches/${id}/bbox/0,1,10,11/20x10.webp?assets=data`)).status,
    (await request('POST', `/searches/${id}/feature/20x10.jpg?assets=data`, { body: square })).status,
    (await request('POST', `/searches/${id}/statistics?assets=data&p=5`, { body: square })).status,
    (await request('GET', '/api/datasets/far/preview?rescale=0,9&max_size=64')).status,
  ];
  await through('pgstac', async ({ request }) => {
    expect(await paths(request)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(asked.map(({ pathname, search }) => decodeURIComponent(pathname.replace(`/searches/${id}/`, '') + search))).toEqual([
      'point/10.5,20?coord_crs=EPSG:4326&assets=data',
      'bbox/0,1,10,11.png?max_size=64&assets=data|bidx=1&assets=more',
      'bbox/0,1,10,11/20x10.webp?assets=data',
      'feature/20x10.jpg?assets=data',
      'statistics?p=5&assets=data',
      'bbox/0,0,40,10.png?rescale=0,9&max_size=64&dst_crs=EPSG:3857&assets=data',
    ]);
    expect(bodies.filter((body) => body !== '').map((body) => JSON.parse(body) as unknown)).toEqual([square, square]);
  });
  asked.length = 0;
  await through('mosaicjson', async ({ request }) => {
    expect(await paths(request)).toEqual([200, 501, 501, 501, 501, 501]);
    expect(asked.map(({ pathname }) => decodeURIComponent(pathname))).toEqual(['/mosaicjson/point/10.5,20']);
  });
});

test.each([
  [{ status: 204 }, 204],
  [{ status: 404, type: 'application/json', body: '{"detail":"No assets found"}' }, 204],
  [{ status: 400, type: 'application/json', body: '{"detail":"Invalid band"}' }, 400],
  [{ status: 422, type: 'application/json', body: '{"detail":[{"msg":"bad"}]}' }, 400],
  [{ status: 500, type: 'application/json', body: '{"detail":"boom"}' }, 502],
  [{ status: 0 }, 502],
])('TiTiler answers %j: %i', async (said, status) => {
  await postDataset(server, datasetBody('far'));
  answer = said;
  await through('pgstac', async ({ request }) => {
    expect((await request('GET', '/api/datasets/far/tiles/4/8/7')).status).toBe(status);
  });
});
