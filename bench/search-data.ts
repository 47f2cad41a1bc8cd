/** The items that searches are measured on: 1,000 real ones of about 3 KB, moved around the world and through the years. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import type { Geometry, Position } from 'geojson';
import { withTransaction } from '../src/database/index.js';
import { isObject, type JsonObject, textOf } from '../src/json.js';
import { insertItems, type StacItem } from '../src/pgstac/items-write.js';

/** Beside the repository; nothing of it is committed. */
export const DATA = new URL('../../../shared/data/naip/', import.meta.url);

export const hasData = (): boolean => existsSync(DATA);

const DAY = 86_400_000;
const BATCH = 5000;

/** Fills a collection with so many items, unless it has them already. */
export async function fillCollection(pool: Pool, id: string, count: number): Promise<void> {
  const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM pgstac.items WHERE collection = $1', [id]);
  if (rows[0]?.count === count) return;
  const collection = JSON.parse(await readFile(new URL('collection.json', DATA), 'utf8')) as JsonObject;
  const items = (await readFile(new URL('items.ndjson', DATA), 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as StacItem);
  await pool.query('SELECT pgstac.delete_collection($1) FROM pgstac.collections WHERE id = $1', [id]);
  await pool.query('SELECT pgstac.create_collection($1)', [JSON.stringify({ ...collection, id })]);
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => moved(items, from + i, id));
    await withTransaction(pool, (client) => insertItems(client, id, batch));
    process.stderr.write(`\r${id}: ${Math.min(from + BATCH, count)} of ${count} items`);
  }
  process.stderr.write('\n');
  await pool.query('VACUUM ANALYZE pgstac.items');
}

/** The n-th item: one of the originals, a turn of the globe and some days further for each round. */
function moved(items: readonly StacItem[], n: number, collection: string): StacItem {
  const item = items[n % items.length];
  if (item === undefined) throw new Error('There are no items.');
  const round = Math.floor(n / items.length);
  const [dx, dy] = [((round * 37) % 250) - 85, ((round * 23) % 100) - 70];
  const at = ([x = 0, y = 0]: Position): Position => [x + dx, y + dy].map((value) => Math.round(value * 1e6) / 1e6);
  const bbox = Array.isArray(item['bbox']) ? item['bbox'].map(Number) : [];
  const geometry = item['geometry'] as unknown as Geometry;
  const properties = isObject(item['properties']) ? item['properties'] : {};
  return {
    ...item,
    id: `${item.id}_${round}`,
    collection,
    bbox: [...at(bbox.slice(0, 2)), ...at(bbox.slice(2))],
    geometry: shifted(geometry, at) as unknown as JsonObject,
    properties: { ...properties, datetime: new Date(Date.parse(textOf(properties['datetime'])) - round * 3 * DAY).toISOString() },
  };
}

function shifted(geometry: Geometry, at: (position: Position) => Position): Geometry {
  if (geometry.type === 'Polygon') return { type: 'Polygon', coordinates: geometry.coordinates.map((ring) => ring.map(at)) };
  if (geometry.type === 'MultiPolygon') return { type: 'MultiPolygon', coordinates: geometry.coordinates.map((polygon) => polygon.map((ring) => ring.map(at))) };
  throw new Error(`The bench knows no ${geometry.type}.`);
}
