/** Pictures of boxes and features, values at points, statistics and previews, over small COGs whose every pixel is known. */
import sharp from 'sharp';
import { makeCog } from '../support/cogs.js';
import { listOf, type TestAnswer, text } from '../support/client.js';
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let search: string;

/** 20 by 20 degrees in pixels of a tenth: column in red, row in green. */
const columns = (x: number, y: number): number[] => [x, y, 7];

beforeAll(async () => {
  server = await startTestServer();
  const cog = (name: string, options: Parameters<typeof makeCog>[0]): Promise<string> => makeCog(options).then((bytes) => server.file(name, bytes));
  const square = { width: 200, height: 200, res: 0.1, west: 0, north: 20, block: 64 };
  const rgb = await cog('rgb.tif', { ...square, pixels: columns });
  const near = await cog('near.tif', { ...square, bands: 1, dtype: 'uint16', pixels: (x) => [1000 + x] });
  const far = await cog('far.tif', { ...square, bands: 1, pixels: (_, y) => [y], nodata: 3 });
  const asset = (href: string): object => ({ href, type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] });
  const whole = { bbox: [0, 0, 20, 20] };
  await makeCollection(server, 'parts', [itemBody('one', { ...whole, assets: { data: asset(rgb), near: asset(near), far: asset(far) } })]);
  // Its column in red, on either side of the antimeridian.
  const side = (name: string, west: number, first: number): Promise<string> => cog(name, { width: 50, height: 50, res: 0.1, west, north: 5, block: 64, pixels: (x, y) => [first + x, y, 7] });
  const [before, beyond] = [await side('before.tif', 175, 0), await side('beyond.tif', -180, 50)];
  await makeCollection(server, 'antimeridian', [
    itemBody('before', { bbox: [175, 0, 180, 5], assets: { data: asset(before) } }),
    itemBody('beyond', { bbox: [-180, 0, -175, 5], assets: { data: asset(beyond) } }),
  ]);
  await makeCollection(server, 'broken', [itemBody('gone', { ...whole, assets: { data: asset(`${rgb}.gone`) } })]);
  search = text((await postDataset(server, datasetBody('drawn', [{ href: rgb, bbox: [0, 0, 20, 20], index: 1 }])))['search_id']);
}, 120_000);
afterAll(() => server?.close());

const get = (path: string): Promise<TestAnswer> => server.request('GET', path);
const post = (path: string, body: unknown): Promise<TestAnswer> => server.request('POST', path, { body });

/** The samples of a picture at a pixel. */
async function pixel(answer: TestAnswer, x: number, y: number): Promise<number[]> {
  expect({ status: answer.status, said: answer.status === 200 ? '' : text(answer.body) }).toEqual({ status: 200, said: '' });
  const { data, info } = await sharp(answer.bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (y * info.width + x) * info.channels;
  return [info.width, info.height, ...data.subarray(at, at + info.channels)];
}

const feature = (ring: number[][]): Record<string, unknown> => ({ type: 'Feature', properties: { name: 'area' }, geometry: { type: 'Polygon', coordinates: [ring] } });
/** Ten by ten pixels, edges on theirs. */
const block = feature([[1, 19], [2, 19], [2, 18], [1, 18], [1, 19]]);

describe('a point', () => {
  it('has the values of each item there, in titiler-pgstac\'s form', async () => {
    const { body, headers } = await get('/collections/parts/point/5.05,15.05');
    expect(body).toEqual({ coordinates: [5.05, 15.05], assets: [{ name: 'parts/one', values: [50, 49, 7], band_names: ['b1', 'b2', 'b3'], band_descriptions: ['data_b1', 'data_b2', 'data_b3'] }] });
    expect(headers['server-timing']).toMatch(/^read;dur=/);
    expect((await get(`/searches/${search}/point/5.05,15.05`)).body['assets']).toMatchObject([{ name: 'system_tiles/drawn_tile_001', values: [50, 49, 7] }]);
  });

  it('takes bands, several assets, expressions over them and another CRS; null is where nothing is', async () => {
    const values = async (query: string, place = '5.05,15.05'): Promise<unknown> => listOf((await get(`/collections/parts/point/${place}?${query}`)).body['assets'])[0]?.['values'];
    expect(await values('bidx=3&bidx=1')).toEqual([7, 50]);
    expect(await values('assets=data|bidx=2&assets=near')).toEqual([49, 1050]);
    expect(await values('assets=near,far')).toEqual([1050, 49]);
    expect(await values('assets=near&assets=far&expression=b1-b2;b2*2')).toEqual([1001, 98]);
    expect(await values('expression=near_b1-far_b1')).toEqual([1001]);
    expect(await values('assets=near&assets=far&asset_as_band=true&expression=near-far')).toEqual([1001]);
    expect(await values('assets=far|expression=b1%2B1&assets=data|bidx=1')).toEqual([50, 50]);
    expect(await values('coord_crs=EPSG:3857', '562163.4,1693905.4')).toEqual([50, 49, 7]);
    expect(await values('coord_crs=EPSG:32631', '720380,1664880')).toEqual([50, 49, 7]);
    expect((await get('/collections/parts/point/1e9,1e9?coord_crs=EPSG:32631')).status).toBe(400);
    expect(await values('assets=far', '5.05,19.65')).toEqual([null]);
  });

  it('without an item is 204, with a file that is not there an error that names it', async () => {
    expect((await get('/collections/parts/point/50,50')).status).toBe(204);
    const { status, body } = await get('/collections/broken/point/5,5');
    expect([status, text(body['description'])]).toEqual([502, expect.stringContaining('rgb.tif.gone')]);
  });
});

describe('a box', () => {
  it('may be of any CRS, and is drawn in one of two', async () => {
    const box = '/collections/parts/bbox/500000,1700000,600000,1800000';
    const { status, body } = await get(`${box}.png?coord_crs=EPSG:32631`);
    expect([status, text(body['description'])]).toEqual([400, expect.stringContaining('dst_crs')]);
    const { headers, ...drawn } = await get(`${box}/20x20.png?coord_crs=EPSG:32631&dst_crs=EPSG:4326`);
    expect([drawn.status, headers['content-crs']]).toEqual([200, '<http://www.opengis.net/def/crs/EPSG/0/4326>']);
    // As rasterio has it (transform_bounds).
    expect(text(headers['content-bbox']).split(',').map(Number)).toEqual([3, 15.374829, 3.935926, 16.280833].map((edge) => expect.closeTo(edge, 5) as unknown));
  });

  it('is drawn in the pixels of its asset, or in as many as are asked for', async () => {
    const whole = await get('/collections/parts/bbox/1,17,4,19.png');
    expect(await pixel(whole, 5, 3)).toEqual([30, 20, 15, 13, 7]);
    expect([whole.headers['content-bbox'], whole.headers['content-crs']]).toEqual(['1,17,4,19', '<http://www.opengis.net/def/crs/EPSG/0/4326>']);
    expect(await pixel(await get(`/searches/${search}/bbox/1,17,4,19/15x10.png`), 5, 3)).toEqual([15, 10, expect.any(Number), expect.any(Number), 7]);
    expect((await pixel(await get('/collections/parts/bbox/1,17,4,19.png?max_size=15'), 0, 0)).slice(0, 2)).toEqual([15, 10]);
    expect((await pixel(await get('/collections/parts/bbox/1,17,4,19.webp?height=40'), 0, 0)).slice(0, 2)).toEqual([60, 40]);
    expect((await get('/collections/parts/bbox/1,17,4,19')).headers['content-type']).toBe('image/jpeg');
    expect((await get('/collections/parts/bbox/-5,17,4,19')).headers['content-type']).toBe('image/png');
    const mercator = await get('/collections/parts/bbox/1,17,4,19.png?dst_crs=EPSG:3857&width=30');
    expect([mercator.headers['content-crs'], (await pixel(mercator, 5, 3)).slice(2)]).toEqual(['<http://www.opengis.net/def/crs/EPSG/0/3857>', [15, expect.any(Number), 7]]);
  });

  it('draws several assets as one picture', async () => {
    const answer = await get('/collections/parts/bbox/1,17,4,19.png?assets=data|bidx=3&assets=far&assets=data|bidx=1');
    expect(await pixel(answer, 5, 3)).toEqual([30, 20, 7, 13, 15]);
    const tile = await get('/collections/parts/tiles/WorldCRS84Quad/5/32/12.png?assets=data|bidx=3,1&assets=far');
    expect(await pixel(tile, 3, 255)).toEqual([256, 256, 7, 0, 31, 255]);
  });

  it('is answered with its ETag alone to who has it', async () => {
    const path = '/collections/parts/bbox/1,17,4,19.png';
    const { headers } = await get(path);
    expect((await server.request('GET', path, { headers: { 'if-none-match': headers.etag ?? '' } })).status).toBe(304);
  });

  it.each([
    ['/collections/parts/bbox/4,17,1,x.png', 'maxy'],
    ['/collections/parts/bbox/1,19,4,17.png', 'upside down'],
    ['/collections/parts/bbox/1,17,4,19.gif', 'maxy'],
    ['/collections/parts/bbox/1,17,4,19/0x5.png', 'width'],
    ['/collections/parts/bbox/1,17,4,19/5x5.gif', 'format'],
    ['/collections/parts/bbox/1,17,4,19/4096x4096.png', 'max_size'],
    ['/collections/parts/bbox/1,17,4,19.png?width=5000', '1 to 4096'],
    ['/collections/parts/bbox/1,17,4,19.png?dst_crs=EPSG:32633', 'EPSG:3857'],
    ['/collections/parts/bbox/1,17,4,19.png?assets=near&assets=far&bidx=1', 'assets=name|bidx=1'],
    ['/collections/parts/bbox/1,17,4,19.png?assets=data&asset_as_band=true', 'asset_as_band'],
    ['/collections/parts/bbox/1,17,4,19.png?assets=near|what=1', 'what=1'],
    ['/collections/parts/bbox/1,17,4,19.png?assets=near&assets=far&expression=b1/b3', 'b3'],
    ['/collections/parts/bbox/1,17,4,19.png?algorithm=hillshade', 'not supported'],
    ['/collections/parts/bbox/1,17,1,19.png', 'extent'],
  ])('%s is 400 and says %s', async (path, said) => {
    const { status, body } = await get(path);
    expect([status, text(body['description'])]).toEqual([400, expect.stringContaining(said)]);
  });

  it('without data is 204, or transparent', async () => {
    expect((await get('/collections/parts/bbox/50,50,51,51.png')).status).toBe(204);
    expect((await pixel(await get('/collections/parts/bbox/50,50,51,51.png?empty=transparent&max_size=8'), 0, 0)).slice(0, 2)).toEqual([8, 8]);
  });
});

describe('a feature', () => {
  it('cuts the picture', async () => {
    const triangle = feature([[1, 19], [3, 19], [1, 17], [1, 19]]);
    for (const path of ['/feature.png', '/feature/20x20.png', '/feature']) {
      const answer = await post(`/collections/parts${path}`, triangle);
      expect([path, ...(await pixel(answer, 3, 3))]).toEqual([path, 20, 20, 13, 13, 7, 255]);
      expect((await pixel(answer, 18, 18)).at(-1)).toBe(0);
    }
  });

  describe('of another CRS', () => {
    /** In EPSG:3832, Mercator on WGS 84's ellipsoid around 150 degrees east. */
    const metres = (lon: number, lat: number): number[] => {
      const [sine, e] = [Math.sin((lat * Math.PI) / 180), 0.081_819_190_842_6];
      return [((lon - 150) * 6_378_137 * Math.PI) / 180, 6_378_137 * (Math.atanh(sine) - e * Math.atanh(e * sine))];
    };
    // A little inside of fifty by twenty pixels.
    const across = feature([metres(177.001, 1.001), metres(181.999, 1.001), metres(181.999, 2.999), metres(177.001, 2.999), metres(177.001, 1.001)]);
    const polar = feature([[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6], [-1e6, -1e6]]);

    it.each(['EPSG:4326', 'EPSG:3857'])('is cut on both sides of the antimeridian in %s', async (crs) => {
      const answer = await post(`/collections/antimeridian/feature/50x20.png?coord_crs=EPSG:3832&dst_crs=${crs}`, across);
      for (const x of [1, 48]) expect([crs, ...(await pixel(answer, x, 10))].slice(0, 6)).toEqual([crs, 50, 20, 20 + x, expect.any(Number), 7]);
      const triangle = feature([metres(177, 1), metres(182, 1), metres(182, 3), metres(177, 1)]);
      const half = await post(`/collections/antimeridian/feature/50x20.png?coord_crs=EPSG:3832&dst_crs=${crs}`, triangle);
      expect([(await pixel(half, 48, 10)).at(-1), (await pixel(half, 5, 10)).at(-1)]).toEqual([255, 0]);
    });

    it('has its numbers on both sides of the antimeridian', async () => {
      const { body } = await post('/collections/antimeridian/statistics?coord_crs=EPSG:3832&dst_crs=EPSG:4326&assets=data|bidx=1', across);
      expect(body['properties']?.['statistics']?.['b1']).toMatchObject({ min: 20, max: 69, count: expect.closeTo(1000, 3) });
      expect(body['properties']?.['used_assets']).toHaveLength(2);
    });

    it.each([
      ['around a pole', 'EPSG:3413', polar, 'pole'],
      ['outside of its CRS', 'EPSG:32631', feature([[1e9, 0], [2e9, 0], [2e9, 1e9], [1e9, 0]]), 'outside'],
      ['of too many positions', 'EPSG:32631', feature([...Array.from({ length: 100_000 }, (_, i) => [500_000 + i, 0]), [500_000, 0]]), 'one request takes 100000'],
    ])('is 400 %s', async (_, crs, body, said) => {
      for (const path of ['feature.png', 'statistics']) {
        const answer = await post(`/collections/parts/${path}?coord_crs=${crs}&dst_crs=EPSG:4326`, body);
        expect([path, answer.status, text(answer.body['description'])]).toEqual([path, 400, expect.stringContaining(said)]);
      }
    });

    it('is drawn all around the world where its edges are lines of the picture', async () => {
      const answer = await post('/collections/parts/feature.png?coord_crs=EPSG:4979&dst_crs=EPSG:4326&width=360', feature([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]));
      expect((await pixel(answer, 185, 80)).slice(-2)).toEqual([7, 255]);
    });
  });

  it.each([
    [{ type: 'Feature', geometry: null }, 'geometry'],
    [{ type: 'Feature', geometry: { type: 'Point', coordinates: [0, 0] } }, 'Polygon'],
    [{ type: 'Polygon', coordinates: [] }, 'Feature'],
    [[], 'Feature'],
  ])('%j is 400', async (body, said) => {
    for (const path of ['feature', 'statistics']) {
      const answer = await post(`/collections/parts/${path}`, body);
      expect([path, answer.status, text(answer.body['description'])]).toEqual([path, 400, expect.stringContaining(said)]);
    }
  });
});

describe('statistics', () => {
  it('are of the pixels inside, by titiler\'s names', async () => {
    const { status, body, headers } = await post('/collections/parts/statistics', block);
    expect([status, headers['content-type']]).toEqual([200, 'application/geo+json']);
    expect(Object.keys(body['properties']?.['statistics'] ?? {})).toEqual(['b1', 'b2', 'b3']);
    expect(body).toMatchObject({ type: 'Feature', geometry: block['geometry'], properties: { name: 'area', used_assets: ['parts/one'] } });
    expect(body['properties']?.['statistics']?.['b1']).toEqual({
      min: 10, max: 19, mean: 14.5, count: 100, sum: 1450, std: expect.closeTo(2.872_281), median: 14, majority: 10, minority: 10, unique: 10,
      percentile_2: 10, percentile_98: 19, histogram: [Array.from({ length: 10 }, () => 10), expect.any(Array)], valid_pixels: 100, masked_pixels: 0, valid_percent: 100, description: 'data_b1',
    });
  });

  it('weigh pixels by their share inside, and take categories, percentiles and bins', async () => {
    const half = feature([[1.05, 18.95], [2, 18.95], [2, 18], [1.05, 18], [1.05, 18.95]]);
    const { body } = await post('/collections/parts/statistics?assets=data|bidx=1&categorical=true&c=10&c=99&p=50', half);
    expect(body['properties']?.['statistics']?.['b1']).toMatchObject({ count: expect.closeTo(90.25), valid_pixels: 100, percentile_50: 15, histogram: [[10, 0], [10, 99]] });
    const binned = await post('/collections/parts/statistics?bidx=1&histogram_bins=2&histogram_range=10,14', block);
    expect(binned.body['properties']?.['statistics']?.['b1']?.['histogram']).toEqual([[20, 30], [10, 12, 14]]);
  });

  it('are told of each feature of a collection, and 204 of one without data', async () => {
    const away = feature([[51, 19], [52, 19], [52, 18], [51, 19]]);
    const { body } = await post(`/searches/${search}/statistics`, { type: 'FeatureCollection', features: [block, away] });
    expect(listOf(body['features']).map(({ properties }) => [Object.keys(properties?.['statistics'] ?? {}), properties?.['used_assets']])).toEqual([[['b1', 'b2', 'b3'], ['system_tiles/drawn_tile_001']], [[], []]]);
    expect((await post('/collections/parts/statistics', away)).status).toBe(204);
  });

  it.each(['p=101', 'p=x', 'histogram_bins=0', 'histogram_bins=5,1', 'histogram_range=3', 'histogram_range=5,1', 'c=x', 'cover_scale=0', 'max_size=0', 'pixel_selection=what', 'algorithm=x'])('with %s are 400', async (query) => {
    expect((await post(`/collections/parts/statistics?${query}`, block)).status).toBe(400);
  });
});

describe('a preview', () => {
  it('takes a style and a size', async () => {
    const answer = await get('/api/datasets/drawn/preview?bidx=3&rescale=0,14&format=png&max_size=50');
    const [width = 0, height = 0, value] = await pixel(answer, 25, 25);
    expect([Math.max(width, height), value]).toEqual([50, 127]);
    expect((await pixel(await get('/api/datasets/drawn/preview?expression=b3*2&width=20&height=10&colormap_name=viridis&format=png'), 5, 5)).slice(0, 2)).toEqual([20, 10]);
    expect((await get('/api/datasets/drawn/preview')).headers['content-type']).toBe('image/png');
    expect((await get('/api/datasets/drawn/preview?bidx=9')).status).toBe(400);
  });
});

describe('colormaps', () => {
  it('are listed, told and drawn', async () => {
    const listed = listOf((await get('/colorMaps')).body['colormaps']).map(({ id }) => text(id));
    expect(listed).toEqual(expect.arrayContaining(['viridis', 'viridis_r', 'terrain']));
    const { body } = await get('/colorMaps/viridis');
    expect([Object.keys(body).length, body['0'], body['255']]).toEqual([256, [68, 1, 84, 255], [253, 231, expect.any(Number), 255]]);
    expect((await pixel(await get('/colorMaps/viridis?f=png'), 0, 0)).slice(0, 5)).toEqual([256, 20, 68, 1, 84]);
    expect((await pixel(await get('/colorMaps/viridis?format=webp&orientation=vertical&width=30'), 0, 0)).slice(0, 2)).toEqual([30, 256]);
    expect((await get('/colorMaps/none')).status).toBe(404);
    expect((await get('/colorMaps/viridis?f=gif')).status).toBe(400);
  });
});

it('the probe of titiler-pgstac says whether the database answers, and of what release everything is', async () => {
  const { status, body } = await get('/healthz');
  expect([status, body]).toEqual([200, { database_online: true, database: expect.any(String), versions: { pgstac: expect.stringMatching(/^0\.(9|10)\.\d+$/), node: process.versions.node } }]);
});
