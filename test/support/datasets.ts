/** Bodies of datasets for tests: small, whole and good, so that a test changes the one thing that it is about. */
import type { TestServer } from './server.js';
import type { Loose } from './client.js';

export interface TileBody {
  [member: string]: unknown;
  href: string;
}

export interface DatasetBody {
  dataset: { [member: string]: unknown; id: string };
  tiles: TileBody[];
  mosaic?: Record<string, unknown>;
  expected_tiles?: number;
  metadata?: Record<string, unknown>;
}

/** Tiles of 10 by 10 degrees side by side from 0, 0, counted from 1, in rows of four, up to 144; nobody opens their files. */
export const boxTiles = (count: number): TileBody[] =>
  Array.from({ length: count }, (_, i) => {
    const [col, row] = [i % 4, Math.floor(i / 4)];
    const [west, south] = [col * 10 + Math.floor(row / 9) * 40, (row % 9) * 10];
    return { href: `https://cogs.example.com/tile_${i + 1}.tif`, bbox: [west, south, west + 10, south + 10], index: i + 1, row, col, 'file:size': 1000 + i, gsd: 30, 'proj:code': 'EPSG:4326', bands: [{ name: 'depth' }] };
  });

export const datasetBody = (id: string, tiles: TileBody[] = boxTiles(4), more: Partial<DatasetBody> = {}): DatasetBody => ({
  dataset: { id, properties: { title: `The dataset ${id}`, datetime: '2024-10-15T12:00:00Z' } },
  tiles,
  ...more,
});

/** Posts it and answers the document of the 201. */
export async function postDataset({ request }: Pick<TestServer, 'request'>, body: unknown): Promise<Loose> {
  const answer = await request('POST', '/api/datasets', { body });
  if (answer.status !== 201) throw new Error(`POST /api/datasets answers ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A valid STAC Item. */
export const itemBody = (id: string, more: { bbox?: number[]; properties?: Record<string, unknown>; [member: string]: unknown } = {}): Record<string, unknown> => {
  const { bbox = [0, 0, 1, 1], properties, ...rest } = more;
  const [w = 0, s = 0, e = 0, n = 0] = bbox;
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    id,
    geometry: { type: 'Polygon', coordinates: [[[w, s], [e, s], [e, n], [w, n], [w, s]]] },
    bbox,
    properties: { datetime: '2024-01-01T00:00:00Z', ...properties },
    assets: { data: { href: `https://cogs.example.com/${encodeURIComponent(id)}.tif`, type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] } },
    links: [],
    ...rest,
  };
};

export const collectionBody = (id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'Collection',
  stac_version: '1.1.0',
  id,
  description: `The collection ${id}`,
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  links: [],
  ...more,
});

/** A collection with these items. */
export async function makeCollection({ request }: Pick<TestServer, 'request'>, id: string, items: readonly unknown[]): Promise<void> {
  const made = await request('POST', '/collections', { body: collectionBody(id) });
  if (made.status !== 201) throw new Error(`POST /collections answers ${made.status}: ${JSON.stringify(made.body)}`);
  if (items.length === 0) return;
  const filled = await request('POST', `/collections/${encodeURIComponent(id)}/items`, { body: { type: 'FeatureCollection', features: items } });
  if (filled.status !== 201) throw new Error(`POST items answers ${filled.status}: ${JSON.stringify(filled.body)}`);
}
