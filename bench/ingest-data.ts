/** What is ingested: a grid of tiles as an ETL names them, the items that the server makes of them, and single items. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import type { JsonObject } from '../src/json.js';

/** The n-th tile of a grid around the world, 1,000 to a row. */
export function tile(n: number): JsonObject {
  const [row, col] = [Math.floor(n / 1000), n % 1000];
  const [west, south] = [-180 + col * 0.36, 80 - (row + 1) * 0.16];
  const bbox = [west, south, west + 0.36, south + 0.16].map((value) => Math.round(value * 1e6) / 1e6);
  return { href: `https://cogs.example.com/flood/r${row}/tile_${n}.tif`, bbox, index: n + 1, row, col, datetime: '2024-10-15T12:00:00Z', 'file:size': 1_048_576_000 + n, gsd: 30, 'proj:code': 'EPSG:4326' };
}

/** The body of `POST /api/datasets` as NDJSON, in a file. */
export async function writeTiles(path: string, id: string, count: number): Promise<void> {
  const file = createWriteStream(path);
  file.write(`${JSON.stringify({ dataset: { id, properties: { title: id, datetime: '2024-10-15T12:00:00Z' } }, expected_tiles: count })}\n`);
  for (let n = 0; n < count; n += 1) if (!file.write(`${JSON.stringify(tile(n))}\n`)) await once(file, 'drain');
  file.end();
  await once(file, 'finish');
}

/** The tile items of a dataset as `pypgstac load items` reads them, in another collection. */
export async function writeItems(path: string, base: string, id: string, collection: string): Promise<void> {
  const file = createWriteStream(path);
  const [incoming] = (await once(get(`${base}/api/datasets/${id}/tiles`, { headers: { accept: 'application/geo+json-seq' } }), 'response')) as [NodeJS.ReadableStream];
  for await (const line of createInterface({ input: incoming })) {
    const item = JSON.parse(line.replace('\u001E', '')) as JsonObject;
    if (!file.write(`${JSON.stringify({ ...item, collection, links: [] })}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

export const collectionOf = (id: string): JsonObject => ({
  type: 'Collection',
  stac_version: '1.1.0',
  id,
  description: 'Made to be measured',
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  links: [],
});

/** A small whole item. */
export function item(id: string, n: number): JsonObject {
  const [west = 0, south = 0, east = 0, north = 0] = tile(n)['bbox'] as number[];
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: [],
    id,
    geometry: { type: 'Polygon', coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] },
    bbox: [west, south, east, north],
    properties: { datetime: '2024-10-15T12:00:00Z', gsd: 30 },
    assets: { data: { href: `https://cogs.example.com/${id}.tif`, type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] } },
    links: [],
  };
}
