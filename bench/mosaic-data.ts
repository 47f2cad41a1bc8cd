/** The items that mosaics are measured on: turned rectangles over the world, each with one COG, as an ETL writes them. */
import type { Feature, Polygon } from 'geojson';
import type { Pool } from 'pg';
import { withTransaction } from '../src/database/index.js';
import { insertItems, type StacItem } from '../src/pgstac/items-write.js';

const BATCH = 5000;
const START = Date.parse('2024-01-01T00:00:00Z');

export type Located = Feature<Polygon, { readonly path: string }>;

/** So many footprints 0.2 to 1 degree wide, turned by any angle; the same in every run. */
export function footprints(count: number): Located[] {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const rounded = (value: number): number => Math.round(value * 1e6) / 1e6;
  return Array.from({ length: count }, (_, index): Located => {
    const [x, y, radius, turn] = [next() * 350 - 175, next() * 150 - 75, 0.1 + next() * 0.4, next() * Math.PI];
    const corner = (at: number): [number, number] => [rounded(x + radius * Math.cos(turn + (at * Math.PI) / 2)), rounded(y + radius * Math.sin(turn + (at * Math.PI) / 2))];
    const ring = [0, 1, 2, 3, 0].map(corner);
    return { type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring] }, properties: { path: `https://example.blob.core.windows.net/silver-cogs/bench/tile_${index}.tif` } };
  });
}

function itemOf({ geometry, properties: { path } }: Located, index: number, collection: string): StacItem {
  const [ring = []] = geometry.coordinates;
  const [xs, ys] = [ring.map(([x = 0]) => x), ring.map(([, y = 0]) => y)];
  const id = `tile_${String(index).padStart(7, '0')}`;
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: ['https://stac-extensions.github.io/projection/v2.0.0/schema.json', 'https://stac-extensions.github.io/file/v2.1.0/schema.json'],
    id,
    collection,
    geometry: { type: 'Polygon', coordinates: geometry.coordinates },
    bbox: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    properties: { datetime: new Date(START + index * 60_000).toISOString(), title: `Tile ${index}`, gsd: 30, 'proj:code': 'EPSG:32618', 'proj:shape': [4096, 4096] },
    assets: { data: { href: path, type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'], title: 'COG', 'file:size': 33_554_432 } },
    links: [],
  };
}

/** Fills a collection with these footprints, unless it has so many items already. */
export async function fillFootprints(pool: Pool, id: string, features: readonly Located[]): Promise<void> {
  const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM pgstac.items WHERE collection = $1', [id]);
  if (rows[0]?.count === features.length) return;
  await pool.query('SELECT pgstac.delete_collection($1) FROM pgstac.collections WHERE id = $1', [id]);
  const extent = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[new Date(START).toISOString(), null]] } };
  await pool.query('SELECT pgstac.create_collection($1)', [JSON.stringify({ type: 'Collection', stac_version: '1.1.0', id, description: 'Footprints to measure mosaics with', license: 'CC0-1.0', extent, links: [] })]);
  for (let from = 0; from < features.length; from += BATCH) {
    const batch = features.slice(from, from + BATCH).map((feature, i) => itemOf(feature, from + i, id));
    await withTransaction(pool, (client) => insertItems(client, id, batch));
  }
  await pool.query('VACUUM ANALYZE pgstac.items');
}
