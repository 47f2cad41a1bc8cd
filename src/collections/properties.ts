/** Properties that filters over collections and their sorting may name: those STAC defines, and those the collections have. */
import type { Pool } from 'pg';
import { collectionResolver, type PropertyDefinition, type PropertyResolver } from '../cql2/resolver.js';
import type { JsonObject } from '../json.js';
import { collectionMembers } from '../pgstac/collection-members.js';
import type { Visibility } from '../pgstac/selection.js';

interface CollectionProperty extends PropertyDefinition {
  readonly schema: JsonObject;
}

const text = (name: string, title: string): CollectionProperty => ({ name, type: 'string', schema: { type: 'string', title } });
const instant = (name: string, title: string): CollectionProperty => ({ name, type: 'datetime', schema: { type: 'string', format: 'date-time', title } });

/** Collection fields of STAC 1.1; `geometry`, `datetime` and `end_datetime` are those of the overall extent. */
const KNOWN: readonly CollectionProperty[] = [
  text('id', 'Identifier'),
  text('title', 'Title'),
  text('description', 'Description'),
  text('license', 'License'),
  { name: 'keywords', type: 'array', schema: { type: 'array', items: { type: 'string' }, title: 'Keywords' } },
  instant('datetime', 'Start of the temporal extent'),
  instant('end_datetime', 'End of the temporal extent'),
  { name: 'geometry', type: 'geometry', schema: { $ref: 'https://geojson.org/schema/Geometry.json', title: 'Spatial extent' } },
  instant('created', 'Created'),
  instant('updated', 'Updated'),
];

const RESOLVER = collectionResolver({ alias: 'c', properties: KNOWN });

/** What names mean on collections: those above with their types, any other as the member of the collection that it is. */
export const collectionProperties = (): PropertyResolver => RESOLVER;

const SORTABLE = new Set(['string', 'number', 'integer', 'boolean']);

async function schemasOf(pool: Pool, visibility: Visibility): Promise<Record<string, JsonObject>> {
  const known = new Map(KNOWN.map(({ name, schema }) => [name, schema]));
  for (const { name, type } of await collectionMembers(pool, visibility)) if (!known.has(name)) known.set(name, type === undefined ? {} : { type });
  return Object.fromEntries(known);
}

const document = (id: string, title: string, properties: Record<string, JsonObject>): JsonObject => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: id,
  type: 'object',
  title,
  properties,
  additionalProperties: true,
});

/** The queryables of collection search. @param id the document's own URL */
export const collectionQueryables = async (pool: Pool, id: string, visibility: Visibility): Promise<JsonObject> =>
  document(id, 'Queryables of collections', await schemasOf(pool, visibility));

/** The sortables of collection search: what has an order. @param id the document's own URL */
export async function collectionSortables(pool: Pool, id: string, visibility: Visibility): Promise<JsonObject> {
  const schemas = Object.entries(await schemasOf(pool, visibility)).filter(([, { type }]) => typeof type === 'string' && SORTABLE.has(type));
  return document(id, 'Sortables of collections', Object.fromEntries(schemas));
}
