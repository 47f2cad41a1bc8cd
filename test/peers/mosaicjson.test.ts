/** Our mosaics against cogeo-mosaic 9.2.0's: equal keys, lists and order, but for quadkeys that an asset only touches. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Polygon } from 'geojson';
import { buildMosaic } from '../../src/mosaics/build.js';
import { collectionBody, itemBody } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { ask, expectSameMosaic, type Located, type Mosaic, python } from '../support/cogeo-mosaic.js';

const data = resolve('../shared/data');

async function ours(features: readonly Located[], zoom: number): Promise<Mosaic> {
  const footprints = features.map(({ geometry, properties }) => ({ href: properties.path, geometry }));
  const built = await buildMosaic(footprints, { name: 'peers', minzoom: zoom, maxzoom: 20, quadkeyZoom: zoom });
  return JSON.parse([...built.document].join('')) as Mosaic;
}

const compare = async (features: readonly Located[], zoom: number, theirs: Mosaic): Promise<number> => expectSameMosaic(features, await ours(features, zoom), theirs);

/** Numbers from 0 to 1 that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Rectangles turned by any angle, and every fifth one a star with dents; 0.05 to 3 degrees wide, all over the world. */
function randomPolygons(count: number): Located[] {
  const next = random(42);
  return Array.from({ length: count }, (_, index): Located => {
    const longitude = next() * 350 - 175;
    const latitude = next() * 150 - 75;
    const size = 0.05 + next() ** 3 * 3;
    const turn = index % 4 === 0 ? Math.PI / 4 : next() * Math.PI;
    const corners = index % 5 === 0 ? 9 : 4;
    const ring = Array.from({ length: corners }, (_unused, corner) => {
      const radius = corners === 9 && corner % 2 === 1 ? size * 0.4 : size;
      const angle = turn + (corner / corners) * 2 * Math.PI;
      return [longitude + radius * Math.cos(angle), latitude + radius * 0.7 * Math.sin(angle)];
    });
    return {
      type: 'Feature',
      properties: { path: `https://example.com/${index}.tif` },
      geometry: { type: 'Polygon', coordinates: [[...ring, ring[0] ?? [0, 0]]] },
    };
  });
}

const withPython = python === undefined ? describe.skip : describe;

withPython('MosaicJSON beside cogeo-mosaic 9.2.0 (set STAC_MOSAIC_TEST_PYTHON to a Python that has it)', () => {
  const withWorld = existsSync(`${data}/world`) ? it : it.skip;
  withWorld.each([2, 4, 6])('equals it for the COGs of the world at quadkey zoom %i', async (zoom) => {
    const urls = readdirSync(`${data}/world`).toSorted().map((name) => `${data}/world/${name}`);
    const { features, mosaic } = await ask({ urls, zoom });
    expect(features).toHaveLength(15);
    await compare(features, zoom, mosaic);
  }, 120_000);

  const withNaip = existsSync(`${data}/naip/items.ndjson`) ? it : it.skip;
  withNaip.each([7, 10, 12])('equals it for 1,000 NAIP items at quadkey zoom %i', async (zoom) => {
    const lines = readFileSync(`${data}/naip/items.ndjson`, 'utf8').trim().split('\n');
    const features = lines.map((line): Located => {
      const item = JSON.parse(line) as { geometry: Polygon; assets: { image: { href: string } } };
      return { type: 'Feature', geometry: item.geometry, properties: { path: item.assets.image.href } };
    });
    const { mosaic } = await ask({ features, zoom });
    await compare(features, zoom, mosaic);
  }, 120_000);

  it.each([5, 8])('equals it for 2,000 turned and dented polygons at quadkey zoom %i', async (zoom) => {
    const features = randomPolygons(2000);
    const { mosaic } = await ask({ features, zoom });
    await compare(features, zoom, mosaic);
  }, 240_000);
});

withPython('MosaicJSON over HTTP beside cogeo-mosaic 9.2.0', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.close());

  /** The same features as items, in the order in which `first` stacks: by datetime. */
  async function served(id: string, features: readonly Located[], zoom: number): Promise<Mosaic> {
    const items = features.map(({ geometry, properties: { path } }, n) => {
      const [ring = []] = geometry.coordinates;
      const [xs, ys] = [ring.map(([x = 0]) => x), ring.map(([, y = 0]) => y)];
      const bbox = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
      return itemBody(`n${n}`, { bbox, geometry, properties: { datetime: new Date(Date.UTC(2024, 0, 1) + n * 1000).toISOString() }, assets: { data: { href: path, type: 'image/tiff; application=geotiff' } } });
    });
    expect((await server.request('POST', '/collections', { body: collectionBody(id) })).status).toBe(201);
    for (let from = 0; from < items.length; from += 2500) {
      expect((await server.request('POST', `/collections/${id}/items`, { body: { type: 'FeatureCollection', features: items.slice(from, from + 2500) } })).status).toBe(201);
    }
    const { status, body } = await server.request('GET', `/collections/${id}/mosaic.json?overlap=first&quadkey_zoom=${zoom}&minzoom=${zoom}`);
    expect([status, status === 200 ? '' : body]).toEqual([200, '']);
    return body as unknown as Mosaic;
  }

  it('equals it for 10,000 turned and dented polygons of a collection', async () => {
    const features = randomPolygons(10_000);
    const { mosaic } = await ask({ features, zoom: 6 });
    const touched = await expectSameMosaic(features, await served('polygons', features, 6), mosaic);
    expect(touched).toBeLessThan(100);
  }, 600_000);
});
