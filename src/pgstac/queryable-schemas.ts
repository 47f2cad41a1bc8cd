/** Properties of items as JSON Schema: what every item has, what operators registered, and what the data shows. */
import type { Pool } from 'pg';
import { deriveProperties } from '../cql2/derive.js';
import { isObject, type JsonObject } from '../json.js';

/** Items read of each collection; in all about so many, so that a catalogue of a thousand collections answers in a second. */
const SAMPLE = 1000;
const SAMPLE_OF_ALL = 5000;
const MAX_COLLECTIONS = 500;

/** Members that every item has. `geometry-any` is the format of spatial queryables (OGC 19-079r2, section 6.2.2). */
const CORE: Readonly<Record<string, JsonObject>> = {
  id: { title: 'Item ID', type: 'string' },
  collection: { title: 'Collection ID', type: 'string' },
  geometry: { title: 'Item geometry', format: 'geometry-any' },
  datetime: { title: 'Acquired', type: 'string', format: 'date-time' },
};

/**
 * Name and schema of each property. A registered definition stands as it is where it has a type; one that has none is completed
 * from the data, and properties that nobody registered are the data's alone.
 * @param collection undefined: all but the hidden ones
 */
export async function propertySchemas(pool: Pool, collection: string | undefined, hidden: readonly string[]): Promise<Record<string, JsonObject>> {
  const { rows } = await pool.query<{ name: string; definition: JsonObject | null }>(
    `SELECT DISTINCT ON (name) name, definition FROM pgstac.queryables
      WHERE collection_ids IS NULL OR CASE WHEN $1::text IS NULL THEN NOT collection_ids <@ $2::text[] ELSE $1 = ANY(collection_ids) END
      ORDER BY name, collection_ids IS NULL, id`,
    [collection ?? null, hidden],
  );
  const derived = await derivedSchemas(pool, collection, hidden);
  const registered = Object.fromEntries(rows.map(({ name, definition }): [string, JsonObject] => [name, isObject(definition) ? definition : {}]));
  const merged: Record<string, JsonObject> = { ...derived };
  for (const [name, definition] of Object.entries(registered)) {
    merged[name] = definition['type'] === undefined && definition['$ref'] === undefined ? { ...derived[name], ...definition } : definition;
  }
  // pgSTAC registers these with references to schemas elsewhere, which tell a client without them nothing.
  for (const [name, definition] of Object.entries(CORE)) {
    const { $ref: _ref, ...said } = registered[name] ?? {};
    merged[name] = { ...said, ...definition };
  }
  return merged;
}

async function derivedSchemas(pool: Pool, collection: string | undefined, hidden: readonly string[]): Promise<Record<string, JsonObject>> {
  const ids = collection === undefined ? await visibleIds(pool, hidden) : [collection];
  const sample = collection === undefined ? Math.max(10, Math.min(SAMPLE, Math.floor(SAMPLE_OF_ALL / Math.max(1, ids.length)))) : SAMPLE;
  const found = await deriveProperties(pool, ids.slice(0, MAX_COLLECTIONS), { sample });
  return Object.fromEntries(
    found.map(({ name, schema }): [string, JsonObject] => {
      const { enum: values, items, ...rest } = schema;
      const whole = values !== undefined && ids.length <= MAX_COLLECTIONS;
      return [name, { title: name, ...rest, ...(whole ? { enum: [...values] } : {}), ...(items === undefined ? {} : { items: { ...items } }) }];
    }),
  );
}

async function visibleIds(pool: Pool, hidden: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM pgstac.collections WHERE id <> ALL($1) ORDER BY id', [hidden]);
  return rows.map(({ id }) => id);
}

/** Those that have an order: no geometries, arrays or objects (OGC API - Features part 5, sortables). */
export function sortableSchemas(schemas: Readonly<Record<string, JsonObject>>): Record<string, JsonObject> {
  const isSortable = ({ type, format }: JsonObject): boolean => type !== 'array' && type !== 'object' && !(typeof format === 'string' && format.startsWith('geometry'));
  return Object.fromEntries(Object.entries(schemas).filter(([, schema]) => isSortable(schema)));
}

/** @param id the URL that the document stands under */
export const schemaDocument = (id: string, title: string, properties: Record<string, JsonObject>): JsonObject => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: id,
  type: 'object',
  title,
  properties,
  additionalProperties: true,
});
