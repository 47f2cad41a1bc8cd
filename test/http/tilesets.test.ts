/** Tilesets, tile matrix sets, WMTS and the assets of places (API.md sections 1 and 4). */
import { linksOf, listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** On whose ground the items may lie; of the others' projections that is sure only for Europe's. */
const SETS = ['WebMercatorQuad', 'WorldCRS84Quad', 'WGS1984Quad', 'WorldMercatorWGS84Quad', 'CanadianNAD83_LCC', 'LINZAntarticaMapTilegrid', 'NZTM2000Quad', 'UPSAntarcticWGS84Quad', 'UPSArcticWGS84Quad', 'UTM31WGS84Quad'];

let server: TestServer;
let search: string;

beforeAll(async () => {
  server = await startTestServer();
  const at = (id: string, bbox: number[], day: number): unknown => itemBody(id, { bbox, properties: { datetime: `2024-01-0${day}T00:00:00Z`, n: day } });
  // The newest is on top: `low` is covered by `high`, `east` only touches the tile 1/0/0 of WorldCRS84Quad.
  await makeCollection(server, 'c', [at('low', [-60, 10, -40, 30], 1), at('high', [-70, 0, -30, 40], 2), at('east', [-90, 20, -60, 50], 3)]);
  const { body } = await server.request('POST', '/searches/register', { body: { collections: ['c'], metadata: { name: 'A & B', defaults: { red: { assets: ['data'], rescale: [[0, 9]] } } } } });
  search = text(body['id']);
});
afterAll(() => server?.close());

async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}
const idsOf = (body: Loose): string[] => listOf(body).map(({ id }) => text(id));

describe('tile matrix sets', () => {
  it('are documents of TMS 2.0, each linked from the list', async () => {
    const sets = listOf((await get('/tileMatrixSets'))['tileMatrixSets']);
    expect(sets.map(({ id }) => id)).toEqual([
      'WebMercatorQuad', 'WorldCRS84Quad', 'WGS1984Quad', 'WorldMercatorWGS84Quad', 'CanadianNAD83_LCC', 'EuropeanETRS89_LAEAQuad',
      'LINZAntarticaMapTilegrid', 'NZTM2000Quad', 'UPSAntarcticWGS84Quad', 'UPSArcticWGS84Quad', 'UTM31WGS84Quad',
    ]);
    for (const set of sets) {
      const document = await get(text(linksOf(set, 'self')[0]?.['href']).slice(server.url.length));
      expect(document).toMatchObject({ id: set['id'], uri: set['uri'], crs: set['crs'] });
      const [first, second] = listOf(document['tileMatrices']);
      if (text(set['id']) !== 'CanadianNAD83_LCC') expect(Number(first?.['cellSize'])).toBeCloseTo(2 * Number(second?.['cellSize']), 9);
      expect(first).toMatchObject({ id: text(set['id']) === 'UTM31WGS84Quad' ? '1' : '0', cornerOfOrigin: 'topLeft', tileWidth: 256, tileHeight: 256 });
    }
    // Those of rows of different widths are not drawn.
    for (const id of ['NoSuchQuad', 'CDB1GlobalGrid', 'GNOSISGlobalGrid']) expect((await server.request('GET', `/tileMatrixSets/${id}`)).status).toBe(404);
  });

  it('name their corner in the order of their axes', async () => {
    expect(listOf((await get('/tileMatrixSets/WGS1984Quad'))['tileMatrices'])[0]).toMatchObject({ pointOfOrigin: [90, -180], cellSize: 0.703_125, matrixWidth: 2 });
    expect(await get('/tileMatrixSets/EuropeanETRS89_LAEAQuad')).toMatchObject({ orderedAxes: ['Y', 'X'], crs: 'http://www.opengis.net/def/crs/EPSG/0/3035', boundingBox: { lowerLeft: [1_000_000, 2_000_000], upperRight: [5_500_000, 6_500_000] } });
  });

  it('have the scales of the registry', async () => {
    const scale = async (id: string): Promise<number> => Number(listOf((await get(`/tileMatrixSets/${id}`))['tileMatrices'])[0]?.['scaleDenominator']);
    expect(await scale('WebMercatorQuad')).toBeCloseTo(559_082_264.028_717_8, 4);
    expect(await scale('WorldCRS84Quad')).toBeCloseTo(279_541_132.014_358, 4);
  });
});

describe('tilesets', () => {
  it('of a search and of a collection say where they have tiles', async () => {
    for (const [path, tiles] of [[`/searches/${search}/tiles`, `/searches/${search}/tiles`], ['/collections/c/tiles', '/collections/c/map/tiles'], ['/collections/c/map/tiles', '/collections/c/map/tiles']]) {
      const list = listOf((await get(`${path}?assets=data`))['tilesets']);
      expect(list.map(({ tileMatrixSetURI }) => text(tileMatrixSetURI).replace(/.*\//, ''))).toEqual(SETS);
      for (const entry of list.slice(0, 2)) {
        expect(entry).toMatchObject({ dataType: 'map', boundingBox: { lowerLeft: [-90, 0], upperRight: [-30, 50] } });
        const tileset = await get(text(linksOf(entry, 'self')[0]?.['href']).slice(server.url.length));
        const [item] = linksOf(tileset, 'item');
        expect(item).toMatchObject({ templated: true });
        expect(text(item?.['href'])).toMatch(new RegExp(`^${server.url}${tiles}/.*\\{tileMatrix\\}.*assets=data$`));
        expect(listOf(tileset['tileMatrixSetLimits'])[1]).toEqual(
          text(entry['crs']).endsWith('3857')
            ? { tileMatrix: '1', minTileRow: 0, maxTileRow: 0, minTileCol: 0, maxTileCol: 0 }
            : { tileMatrix: '1', minTileRow: 0, maxTileRow: 0, minTileCol: 1, maxTileCol: 1 },
        );
      }
    }
    expect(listOf((await get('/collections/c/tiles/WebMercatorQuad?minzoom=3&maxzoom=5'))['tileMatrixSetLimits']).map(({ tileMatrix }) => tileMatrix)).toEqual(['3', '4', '5']);
  });

  it('of what is not there are 404, and so is a tile outside the matrix', async () => {
    const paths = ['/collections/none/tiles', '/collections/none/map/tiles/WebMercatorQuad', '/searches/none/tiles', `/searches/${search}/tiles/NoSuchQuad`, '/collections/c/map/tiles/WebMercatorQuad/1/2/0', '/collections/c/map/tiles/WorldCRS84Quad/1/2/0', '/collections/c/tiles/WebMercatorQuad/1/0/2', '/collections/c/tiles/WebMercatorQuad/25/0/0'];
    for (const path of paths) expect({ path, status: (await server.request('GET', path)).status }).toEqual({ path, status: 404 });
    expect((await server.request('GET', '/collections/c/map/tiles/WebMercatorQuad/4/15/15')).status).toBe(204);
  });

  it('of other projections find the items of a tile by its box in degrees, also around a pole', async () => {
    const ids = async (path: string): Promise<string[]> => idsOf(await get(`/collections/c/tiles/${path}/assets?skipcovered=false&exitwhenfull=false`)).toSorted();
    expect(await ids('CanadianNAD83_LCC/0/3/4')).toEqual(['east', 'high', 'low']);
    expect(await ids('UPSArcticWGS84Quad/0/0/0')).toEqual(['east', 'high', 'low']);
    expect(await ids('NZTM2000Quad/5/15/15')).toEqual([]);
    expect((await server.request('GET', '/collections/c/tiles/NZTM2000Quad/5/15/15')).status).toBe(204);
    for (const path of ['UTM31WGS84Quad/0/0/0', 'LINZAntarticaMapTilegrid/4/7/0', 'CanadianNAD83_LCC/26/0/0', 'GNOSISGlobalGrid/0/0/0']) expect({ path, status: (await server.request('GET', `/collections/c/tiles/${path}`)).status }).toEqual({ path, status: 404 });
    expect(await get('/collections/c/UPSArcticWGS84Quad/tilejson.json')).toMatchObject({ minzoom: 0, maxzoom: 24, bounds: [-90, 0, -30, 50] });
    expect(await get('/collections/c/UTM31WGS84Quad/tilejson.json')).toMatchObject({ minzoom: 1, maxzoom: 24 });
  });

  it('of a narrowed collection have narrowed tiles', async () => {
    const [template] = listOf((await get('/collections/c/WebMercatorQuad/tilejson.json?ids=none&tile_format=png'))['tiles']);
    const { status } = await server.request('GET', text(template).slice(server.url.length).replace('{z}/{x}/{y}', '0/0/0'));
    expect(status).toBe(204);
    expect((await get('/collections/c/info'))['search']).toMatchObject({ search: { collections: ['c'] }, metadata: { type: 'mosaic', name: 'c mosaic' } });
  });

  it('are linked from the collection, as the tile matrix sets are from the landing page', async () => {
    expect(linksOf(await get('/collections/c'), 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-map').map(({ href }) => href)).toEqual([`${server.url}/collections/c/map/tiles`]);
    expect(linksOf(await get('/'), 'http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes')).toHaveLength(1);
  });
});

describe('WMTS capabilities', () => {
  it('have a layer for each render and matrix set, with the address of its tiles', async () => {
    const { status, headers, body } = await server.request('GET', `/searches/${search}/WMTSCapabilities.xml?assets=data&SERVICE=WMTS&REQUEST=GetCapabilities&VERSION=1.0.0&zooms=WebMercatorQuad::2,3`);
    expect([status, text(headers['content-type']).split(';')[0]]).toEqual([200, 'application/xml']);
    const xml = text(body);
    const identifiers = [...xml.matchAll(/<\/ows:WGS84BoundingBox>\s*<ows:Identifier>([^<]*)</g)].map(([, id]) => id);
    expect(identifiers).toEqual(['red', 'default'].flatMap((layer) => SETS.map((tms) => `${search}_${tms}_${layer}`)));
    expect(xml).toContain('<ows:Title>A &amp; B</ows:Title>');
    expect(xml).toContain(`template="${server.url}/searches/${search}/tiles/WebMercatorQuad/{TileMatrix}/{TileCol}/{TileRow}.png?assets=data"`);
    expect(xml).toContain('.png?rescale=0%2C9&amp;assets=data"');
    expect(xml).toContain('<TileMatrixSetLimits><TileMatrixLimits><TileMatrix>2</TileMatrix>');
    expect(xml.match(/<TileMatrixSet>\s*<ows:Identifier>/g)).toHaveLength(SETS.length);
    expect(xml).toContain('urn:ogc:def:crs:EPSG::3857');
  });

  it('of a collection are narrowed as its tiles are', async () => {
    const { body } = await server.request('GET', '/collections/c/WMTSCapabilities.xml?ids=low&use_epsg=true&tile_format=webp');
    expect(text(body)).toMatch(/<ows:LowerCorner>-60 10<\/ows:LowerCorner>\s*<ows:UpperCorner>-40 30</);
    expect(text(body)).toContain('<ows:SupportedCRS>EPSG:3857<');
    expect(text(body)).toContain('{TileRow}.webp?ids=low"');
    for (const bad of ['zooms=x', 'zooms=NoQuad::0,1', 'tile_format=bmp', 'nosuch=1']) expect({ bad, status: (await server.request('GET', `/collections/c/WMTSCapabilities.xml?${bad}`)).status }).toEqual({ bad, status: 400 });
  });
});

describe('assets of a place', () => {
  const of = (path: string): Promise<Loose> => get(path);

  it('are the items with what is drawn of them, the first on top, without those that are covered', async () => {
    for (const root of [`/searches/${search}`, '/collections/c']) {
      const items = await of(`${root}/bbox/-65,5,-35,35/assets`);
      expect(idsOf(items)).toEqual(['east', 'high']);
      expect(Object.keys(listOf(items)[0] ?? {}).toSorted()).toEqual(['assets', 'bbox', 'collection', 'id']);
      expect(idsOf(await of(`${root}/bbox/-65,5,-35,35/assets?skipcovered=false`))).toEqual(['east', 'high']);
      expect(idsOf(await of(`${root}/bbox/-65,5,-35,35/assets?skipcovered=false&exitwhenfull=false`))).toEqual(['east', 'high', 'low']);
      expect(idsOf(await of(`${root}/bbox/-58,12,-42,28/assets`))).toEqual(['high']);
      expect(idsOf(await of(`${root}/point/-50,20/assets`))).toEqual(['high', 'low']);
      expect(idsOf(await of(`${root}/point/-50,20/assets?items_limit=1`))).toEqual(['high']);
      expect(idsOf(await of(`${root}/point/-5565974.539663678,2273030.926987689/assets?coord_crs=EPSG:3857`))).toEqual(['high', 'low']);
      // UTM zone 22: its central meridian is 51 degrees west.
      expect(idsOf(await of(`${root}/point/604602.1,2211870/assets?coord_crs=EPSG:32622`))).toEqual(['high', 'low']);
      expect(idsOf(await of(`${root}/bbox/500000,2200000,520000,2220000/assets?coord_crs=http://www.opengis.net/def/crs/EPSG/0/32622&skipcovered=false&exitwhenfull=false`))).toEqual(['high', 'low']);
      expect(idsOf(await of(`${root}/tiles/WebMercatorQuad/0/0/0/assets`))).toEqual(['east', 'high']);
      expect(idsOf(await of(`${root}/tiles/WorldCRS84Quad/1/0/0/assets`))).toEqual([]);
      expect(idsOf(await of(`${root}/tiles/WebMercatorQuad/0/0/0/assets?scan_limit=1`))).toEqual(['east']);
    }
  });

  it('of a collection are narrowed and sorted as is asked', async () => {
    expect(idsOf(await of('/collections/c/point/-50,20/assets?sortby=+n'))).toEqual(['low', 'high']);
    expect(idsOf(await of(`/collections/c/point/-50,20/assets?filter=${encodeURIComponent('n < 2')}`))).toEqual(['low']);
    expect(idsOf(await of('/collections/c/tiles/WebMercatorQuad/0/0/0/assets?ids=low,east&datetime=2024-01-03T00:00:00Z/..'))).toEqual(['east']);
  });

  it('of no place are 400 or 404', async () => {
    const status = async (path: string): Promise<number> => (await server.request('GET', `/collections/c/${path}`)).status;
    for (const path of ['point/a,b/assets', 'point/200,0/assets', 'bbox/0,10,5,0/assets', 'bbox/0,0,1,x/assets', 'point/0,0/assets?coord_crs=EPSG:99999', 'point/0,0/assets?items_limit=x']) expect({ path, status: await status(path) }).toEqual({ path, status: 400 });
    for (const path of ['tiles/WebMercatorQuad/0/1/0/assets', 'tiles/NoQuad/0/0/0/assets']) expect({ path, status: await status(path) }).toEqual({ path, status: 404 });
  });

  it('write no search', async () => {
    const before = await server.written();
    const answers: TestAnswer[] = await Promise.all(['tiles/WebMercatorQuad/1/0/0/assets', 'bbox/-65,5,-35,35/assets', 'point/-50,20/assets'].map((path) => server.request('GET', `/searches/${search}/${path}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await server.written()).toEqual(before);
  });
});
