/** Points, boxes, features and statistics against titiler-pgstac's on the same database: the world, and a UTM raster as NAIP's are. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { isObject } from '../../src/json.js';
import { listOf, type Loose, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { startTitiler, stopTitiler, type Titiler, whyNoTitiler } from '../support/titiler.js';

const WORLD = resolve('../shared/data/world');
const skipped = whyNoTitiler() ?? (existsSync(WORLD) ? undefined : '../shared/data/world is not there');

/** Every number of a document by its path. */
const numbersOf = (value: unknown, at = ''): [string, number][] => {
  if (typeof value === 'number') return [[at, value]];
  const parts = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  return parts.flatMap(([key, part]) => numbersOf(part, `${at}/${key}`));
};

(skipped === undefined ? describe : describe.skip)(skipped === undefined ? 'parts as titiler-pgstac answers them' : `parts as titiler-pgstac answers them (skipped: ${skipped})`, () => {
  let server: TestServer;
  let titiler: Titiler;
  let world: string;
  const folder = mkdtempSync(join(tmpdir(), 'stac-mosaic-parts-'));

  beforeAll(async () => {
    server = await startTestServer({ config: { allowedFileRoots: [WORLD, folder] } });
    const tiles = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).toSorted().map((name) => ({ href: pathToFileURL(join(WORLD, name)).href }));
    world = `/searches/${text((await postDataset(server, { dataset: { id: 'world', properties: { datetime: '2004-06-01T00:00:00Z' } }, tiles }))['search_id'])}`;
    // 0.6 m in zone 16; smooth, so that the eighth of a pixel by which GDAL's warper may be off shows little.
    const wave = (x: number, y: number, period: number): number => Math.round(120 + 100 * Math.sin(x / period) * Math.cos(y / period));
    await writeFile(join(folder, 'naip.tif'), await makeCog({ width: 600, height: 500, epsg: 32616, west: 500_000, north: 3_400_000, res: 0.6, pixels: (x, y) => [wave(x, y, 40), wave(y, x, 70), wave(x + y, x - y, 90)], block: 256 }));
    await makeCollection(server, 'naip', [itemBody('m', { bbox: [-87.001, 30.729, -86.996, 30.733], assets: { image: { href: pathToFileURL(join(folder, 'naip.tif')).href, type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] } } })]);
    titiler = await startTitiler(server.services.config.database.url ?? '');
  }, 180_000);
  afterAll(async () => {
    await stopTitiler(titiler);
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function both(path: string, body?: unknown): Promise<[Response, Response]> {
    const ask = (url: string): Promise<Response> => fetch(url + path, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
    const answers: [Response, Response] = [await ask(server.url), await ask(titiler.url)];
    for (const answer of answers) if (answer.status !== 200) throw new Error(`${answer.url} answers ${answer.status}: ${await answer.text()}`);
    return answers;
  }
  const feature = (ring: number[][]): object => ({ type: 'Feature', properties: { name: 'x' }, geometry: { type: 'Polygon', coordinates: [ring] } });
  const alps = feature([[5.3, 44.1], [12.7, 43.2], [16.2, 47.9], [9.1, 48.3], [5.3, 44.1]]);
  const inUtm = feature([[400000, 4900000], [900000, 5000000], [800000, 5500000], [300000, 5400000], [400000, 4900000]]);
  const field = feature([[-86.9995, 30.7299], [-86.9971, 30.7301], [-86.9979, 30.7319], [-86.9995, 30.7299]]);

  it.each([['world', '10.5,45.3', 'data'], ['world', '-179.5,-89', 'data|bidx=3,1'], ['world', '2600000,1200000', 'data&coord_crs=EPSG:2056'], ['naip', '-86.998,30.7306', 'image'], ['naip', '-86.998,30.7306', 'image|expression=b1/b2&assets=image&expression=b1*b2']])('the same values of %s at %s with %s', async (of, place, assets) => {
    const [ours, theirs] = await Promise.all((await both(`${of === 'world' ? world : '/collections/naip'}/point/${place}?assets=${assets}`)).map(async (answer) => (await answer.json()) as Loose));
    expect(listOf(theirs?.['assets'])).toHaveLength(1);
    for (const [at, value] of numbersOf(theirs)) expect([at, new Map(numbersOf(ours)).get(at)]).toEqual([at, expect.closeTo(value, 4)]);
    expect(listOf(ours?.['assets']).map(({ values: _values, ...said }) => said)).toEqual(listOf(theirs?.['assets']).map(({ values: _values, ...said }) => said));
  });

  it.each([
    ['world', 'max_size=200', alps, 1e-5], ['world', 'width=80&height=70&p=5&p=95&histogram_bins=20&histogram_range=0,100', alps, 1e-5],
    ['world', 'max_size=100&categorical=true&c=10&c=85&cover_scale=3', alps, 1e-5], ['naip', '', field, 0.01], ['naip', 'max_size=200&dst_crs=EPSG:3857', field, 0.01],
    ['world', 'coord_crs=EPSG:32632&dst_crs=EPSG:4326&max_size=200', inUtm, 1e-5],
  ])('the same statistics of %s with %s', async (of, query, area, tolerance) => {
    const [ours, theirs] = await Promise.all((await both(`${of === 'world' ? `${world}/statistics?assets=data` : '/collections/naip/statistics?assets=image'}&${query}`, area)).map(async (answer) => ((await answer.json()) as Loose)['properties'] as Loose));
    const mine = new Map(numbersOf(ours));
    const expected = numbersOf(theirs);
    expect([...mine.keys()].toSorted()).toEqual(expected.map(([at]) => at).toSorted());
    // Ranges of a warped raster's values gain and lose pixels at their edges; rare values change places.
    const loose = tolerance > 1e-4 ? expected.filter(([at]) => !/histogram\/0|minority|majority/.test(at)) : expected;
    const off = loose.filter(([at, value]) => Math.abs((mine.get(at) ?? Number.NaN) - value) > tolerance * Math.max(Math.abs(value), tolerance > 1e-4 ? 100 : 1));
    expect(off.map(([at, value]) => [at, mine.get(at), value])).toEqual([]);
    expect(Object.values(ours?.['statistics'] as Loose).map((band) => (band as Loose)['description'])).toEqual(Object.values(theirs?.['statistics'] as Loose).map((band) => (band as Loose)['description']));
  });

  it.each([
    ['world', 'bbox/5,40,25,55.png?max_size=200', undefined], ['world', 'bbox/5,40,25,55/120x90.png?resampling=bilinear', undefined], ['world', 'bbox/5,40,25,55.png?max_size=200&dst_crs=EPSG:3857', undefined],
    ['world', 'bbox/500000,4000000,2500000,6000000.png?width=120&coord_crs=EPSG:3857', undefined], ['world', 'feature.png?max_size=300', alps], ['world', 'feature/100x120.png?rescale=0,100', alps],
    ['world', 'bbox/300000,4800000,900000,5400000/100x120.png?coord_crs=EPSG:32632&dst_crs=EPSG:3857', undefined], ['world', 'feature/100x100.png?coord_crs=EPSG:32632&dst_crs=EPSG:4326', inUtm],
    ['naip', 'bbox/-86.9996,30.7295,-86.997,30.732.png', undefined], ['naip', 'bbox/-87.001,30.729,-86.996,30.733.png?max_size=300&dst_crs=EPSG:3857', undefined], ['naip', 'feature.png?height=150', field],
  ])('the same picture of %s: %s', async (of, path, area) => {
    const answers = await both(`${of === 'world' ? world : '/collections/naip'}/${path}${path.includes('?') ? '&' : '?'}assets=${of === 'world' ? 'data' : 'image'}`, area);
    const [ours, theirs] = await Promise.all(answers.map(async (answer) => sharp(Buffer.from(await answer.arrayBuffer())).toColourspace('srgb').ensureAlpha().raw().toBuffer({ resolveWithObject: true })));
    if (ours === undefined || theirs === undefined) throw new Error('there are two answers');
    expect([ours.info.width, ours.info.height]).toEqual([theirs.info.width, theirs.info.height]);
    let [difference, seen, unequal] = [0, 0, 0];
    for (let i = 0; i < theirs.data.length; i += 4) {
      const [a, b] = [(ours.data[i + 3] ?? 0) > 0, (theirs.data[i + 3] ?? 0) > 0];
      if (a !== b) unequal++;
      if (!a || !b) continue;
      seen++;
      for (let band = 0; band < 3; band++) difference += Math.abs((ours.data[i + band] ?? 0) - (theirs.data[i + band] ?? 0)) / 3;
    }
    expect(seen).toBeGreaterThan(0);
    expect(difference / seen).toBeLessThanOrEqual(1);
    expect(unequal / (theirs.data.length / 4)).toBeLessThanOrEqual(0.001);
    const [mine, their] = answers.map(({ headers }) => [headers.get('content-crs'), ...(headers.get('content-bbox') ?? '').split(',').map(Number)]);
    expect(mine).toEqual(their?.map((part) => (typeof part === 'number' ? expect.closeTo(part, 5) : part)));
  });
});
