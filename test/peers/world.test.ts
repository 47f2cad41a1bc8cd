/** The 15 COGs of the world, posted as hrefs alone, become one dataset that cogeo-mosaic and rio-tiler agree with. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { type Loose, linksOf, listOf, text } from '../support/client.js';
import { ask, expectSameMosaic, type Mosaic, python, runPython } from '../support/cogeo-mosaic.js';
import { allTiles, expectSamePixels } from '../support/rio-tiler.js';
import { startTestServer, type TestServer } from '../support/server.js';

const WORLD = resolve('../shared/data/world');
const here = existsSync(WORLD);
const withPython = python !== undefined ? it : it.skip;

(here ? describe : describe.skip)(here ? 'the world' : 'the world (skipped: ../shared/data/world is not there)', () => {
  let server: TestServer;
  let answer: Loose;
  let files: string[] = [];

  beforeAll(async () => {
    files = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).toSorted().map((name) => join(WORLD, name));
    server = await startTestServer({ config: { allowedFileRoots: [WORLD] } });
    const posted = await server.request('POST', '/api/datasets', {
      body: { dataset: { id: 'world', properties: { title: 'The world', datetime: '2004-06-01T00:00:00Z' } }, tiles: files.map((path) => ({ href: pathToFileURL(path).href })) },
    });
    expect([posted.status, posted.body]).toMatchObject([201, { id: 'world', tile_count: 15, warnings: [] }]);
    answer = posted.body;
  }, 120_000);

  afterAll(() => server.close());

  /** The document with paths for hrefs, as cogeo-mosaic's has them. */
  const withPaths = (document: Loose): Mosaic => {
    const mosaic = document as unknown as Mosaic;
    const tiles = Object.fromEntries(Object.entries(mosaic.tiles).map(([key, hrefs]) => [key, hrefs.map((href) => fileURLToPath(href))]));
    return { ...mosaic, tiles };
  };

  it('is one dataset of 15 tiles: union bbox, summed sizes, its search in every link', async () => {
    const item = (await server.request('GET', '/api/datasets/world')).body;
    expect(files).toHaveLength(15);
    const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
    expect(item['properties']).toMatchObject({ 'file:tile_count': 15, 'file:size': bytes, 'proj:code': 'EPSG:4326', 'mosaic:search_id': answer['search_id'] });
    const tiles = listOf((await server.request('GET', '/api/datasets/world/tiles?limit=1000')).body['features']);
    expect(tiles.map((tile) => text(tile['id']))).toEqual(files.map((_, i) => `world_tile_${String(i + 1).padStart(3, '0')}`));
    const boxes = tiles.map((tile) => tile['bbox'] as unknown as number[]);
    const union = [0, 1, 2, 3].map((side) => (side < 2 ? Math.min : Math.max)(...boxes.map((box) => box[side] ?? NaN)));
    expect(item['bbox']).toEqual(union);
    // The picture ends a sixth of a degree short of the date line.
    expect(union.map((side) => Math.round(side))).toEqual([-180, -90, 180, 90]);
    for (const rel of ['preview', 'tilejson', 'tiles']) expect(text(linksOf(item, rel)[0]?.['href'])).toContain(`/searches/${text(answer['search_id'])}/`);
    const { body } = await server.request('GET', '/search?collections=datasets&bbox=10,40,11,41');
    expect(listOf(body['features']).map((found) => text(found['id']))).toEqual(['world']);
  });

  withPython.each([2, 4, 6])('has the MosaicJSON that cogeo-mosaic makes of the same footprints at quadkey zoom %i', async (zoom) => {
    // The last tile is drawn on top, so it comes first in our lists.
    const { features, mosaic } = await ask({ urls: files.toReversed(), zoom });
    const ours = await server.request('GET', `/api/datasets/world/mosaic.json?quadkey_zoom=${zoom}&minzoom=${zoom}`);
    expect(ours.status).toBe(200);
    await expectSameMosaic(features, withPaths(ours.body), mosaic);
  }, 120_000);

  withPython('is read by cogeo-mosaic over HTTP, which finds the same assets for every tile of zooms 0 to 5', async () => {
    const { mosaic } = await ask({ urls: files.toReversed(), zoom: 4 });
    const url = `${server.url}/api/datasets/world/mosaic.json?quadkey_zoom=4&minzoom=0`;
    const tiles = allTiles([0, 1, 2, 3, 4, 5]);
    const read = (await runPython('read_mosaic_over_http.py', { url, mosaic, tiles })) as { backend: string; minzoom: number; bounds: number[]; assets: string[][]; reference: string[][] };
    expect([read.backend, read.minzoom, read.bounds.map((side) => Math.round(side))]).toEqual(['HttpBackend', 0, [-180, -90, 180, 90]]);
    // Below the quadkey zoom a tile's assets are gathered from its children in no certain order.
    const inOrder = (lists: string[][]): string[][] => lists.map((list, i) => ((tiles[i]?.[0] ?? 0) < 4 ? list.toSorted() : list));
    expect(inOrder(read.assets.map((list) => list.map((href) => fileURLToPath(href))))).toEqual(inOrder(read.reference));
  }, 120_000);

  withPython("is drawn by titiler's MosaicJSON routes and by rio-tiler from the document's URL", async () => {
    const url = `${server.url}/api/datasets/world/mosaic.json`;
    const read = (await runPython('titiler_mosaicjson.py', { url, point: [10, 45], tile: [2, 2, 1] })) as {
      info: Loose; tilejson: Loose; point: Loose; tile: [number, string, number]; rio: [number, number];
    };
    const mosaic = (await server.request('GET', url)).body;
    expect(read.tilejson).toMatchObject({ minzoom: mosaic['minzoom'], maxzoom: mosaic['maxzoom'] });
    expect([read.info['quadkeys'] !== undefined || read.info['bounds'] !== undefined, text(read.point)]).toEqual([true, expect.stringContaining('.tif')]);
    expect(read.tile.slice(0, 2)).toEqual([200, 'image/png']);
    const tile = await server.request('GET', '/api/datasets/world/tiles/2/2/1.png');
    const { channels: [band] } = await sharp(tile.bytes).stats();
    for (const mean of [read.tile[2], read.rio[0]]) expect(Math.abs(mean - (band?.mean ?? 0))).toBeLessThan(0.5);
  }, 120_000);

  withPython('shows the earth at zooms 0 to 3 as rio-tiler draws it', async () => {
    const tilejson = (await server.request('GET', text(answer['tilejson_url']))).body;
    const template = text(listOf(tilejson['tiles'])[0]);
    await expectSamePixels(files.toReversed(), allTiles([0, 1, 2, 3]), async ([z, x, y]) => {
      const tile = await server.request('GET', template.replace('{z}', `${z}`).replace('{x}', `${x}`).replace('{y}', `${y}.png`));
      expect([200, 204]).toContain(tile.status);
      return tile.status === 204 ? undefined : tile.bytes;
    });
  }, 240_000);
});
