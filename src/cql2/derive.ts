/** Which properties the items of some collections have, of which types and values, from a sample of the data. */
import type { ClientBase, Pool } from 'pg';
import { DATE_PATTERN, TIMESTAMP_PATTERN } from './json-read.js';
import type { PropertyDefinition, PropertyType } from './resolver.js';

/** A property as JSON Schema says it; members that the sample does not settle are left out. */
export interface PropertySchema {
  readonly type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  readonly format?: 'date-time' | 'date';
  /** All its values, where every item was read and there are few. */
  readonly enum?: readonly string[];
  readonly items?: { readonly type: 'string' | 'number' | 'boolean' };
}

export interface DerivedProperty extends PropertyDefinition {
  readonly schema: PropertySchema;
  /** The collections whose sampled items have it. */
  readonly collections: readonly string[];
}

export interface DeriveOptions {
  /** Items read of each collection: half of them its newest, half its oldest. 1,000 unless told. */
  readonly sample?: number;
  /** More values than this are no enumeration; 20 unless told. */
  readonly values?: number;
}

interface Row {
  readonly name: string;
  readonly collections: string[];
  /** jsonb_typeof of the values, without null. */
  readonly types: string[];
  readonly whole: boolean | null;
  readonly timestamps: boolean | null;
  readonly dates: boolean | null;
  readonly texts: string[] | null;
  readonly elements: string[] | null;
  readonly complete: boolean;
}

/** Long texts are titles and identifiers, not members of an enumeration. */
const MAX_ENUM_LENGTH = 60;

const SQL = `
WITH sampled AS (
  SELECT c AS collection, s.id, s.properties, count(*) OVER (PARTITION BY c) < $2 AS complete
    FROM unnest($1::text[]) AS c
    CROSS JOIN LATERAL (
      (SELECT id, content->'properties' AS properties FROM pgstac.items WHERE collection = c ORDER BY datetime DESC LIMIT $2 / 2)
      UNION
      (SELECT id, content->'properties' AS properties FROM pgstac.items WHERE collection = c ORDER BY datetime ASC LIMIT $2 / 2)
    ) AS s
), members AS (
  SELECT collection, complete, key AS name, value, jsonb_typeof(value) AS type
    FROM sampled CROSS JOIN LATERAL jsonb_each(properties) AS member(key, value)
   WHERE jsonb_typeof(value) <> 'null'
), texts AS (
  SELECT name, (array_agg(text ORDER BY text COLLATE "C")) AS texts
    FROM (SELECT DISTINCT name, value #>> '{}' AS text FROM members WHERE type = 'string') AS d
   GROUP BY name HAVING count(*) <= $3 AND max(length(text)) <= ${MAX_ENUM_LENGTH}
), elements AS (
  SELECT name, array_agg(DISTINCT jsonb_typeof(e)) AS elements
    FROM members CROSS JOIN LATERAL jsonb_array_elements(CASE WHEN type = 'array' THEN value ELSE '[]' END) AS e GROUP BY name
)
SELECT m.name, array_agg(DISTINCT m.collection) AS collections, array_agg(DISTINCT m.type) AS types, bool_and(m.complete) AS complete,
       bool_and(trunc((m.value #>> '{}')::numeric) = (m.value #>> '{}')::numeric) FILTER (WHERE m.type = 'number') AS whole,
       bool_and(m.value #>> '{}' ~ '${TIMESTAMP_PATTERN}') FILTER (WHERE m.type = 'string') AS timestamps,
       bool_and(m.value #>> '{}' ~ '${DATE_PATTERN}') FILTER (WHERE m.type = 'string') AS dates,
       t.texts, e.elements
  FROM members m LEFT JOIN texts t USING (name) LEFT JOIN elements e USING (name)
 GROUP BY m.name, t.texts, e.elements ORDER BY m.name COLLATE "C"`;

/**
 * Reads a sample of each collection and says what its properties are. Types that differ between items give
 * type `json` and no schema type. Enumerations are given only of collections that were read whole.
 * @param collections ids; an unknown one has no properties
 */
export async function deriveProperties(db: Pool | ClientBase, collections: readonly string[], options: DeriveOptions = {}): Promise<DerivedProperty[]> {
  const { sample = 1000, values = 20 } = options;
  const { rows } = await db.query<Row>(SQL, [collections, sample, values]);
  return rows.map((row) => {
    const { type, schema } = describe(row);
    return { name: row.name, type, schema, collections: row.collections };
  });
}

const ELEMENT_TYPES = ['string', 'number', 'boolean'] as const;

function describe(row: Row): { readonly type: PropertyType; readonly schema: PropertySchema } {
  const [type] = row.types;
  if (row.types.length !== 1) return { type: 'json', schema: {} };
  switch (type) {
    case 'number':
      return row.whole === true ? { type: 'integer', schema: { type: 'integer' } } : { type, schema: { type } };
    case 'boolean':
    case 'object':
      return { type, schema: { type } };
    case 'array': {
      const [element] = row.elements ?? [];
      const known = row.elements?.length === 1 ? ELEMENT_TYPES.find((name) => name === element) : undefined;
      return { type, schema: known === undefined ? { type } : { type, items: { type: known } } };
    }
    case 'string':
      if (row.timestamps === true) return { type: 'datetime', schema: { type, format: 'date-time' } };
      if (row.dates === true) return { type: 'date', schema: { type, format: 'date' } };
      return { type, schema: row.complete && row.texts !== null ? { type, enum: row.texts } : { type } };
    default:
      return { type: 'json', schema: {} };
  }
}
