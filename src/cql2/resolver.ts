/** What a property's name means on pgSTAC's tables: a column, or a path into `content`, and its type. */
import { quoteLiteral } from './sql-builder.js';
import { jsonBoolean, jsonInstant, jsonNumber } from './json-read.js';

/** `json` where nothing is known: such a property is read as the type of what it is compared with. */
export type PropertyType = 'string' | 'number' | 'integer' | 'boolean' | 'datetime' | 'date' | 'geometry' | 'array' | 'object' | 'json';

/** The functions through which pgSTAC indexes a queryable (`queryables.property_wrapper`). */
export type IndexWrapper = 'to_text' | 'to_int' | 'to_float' | 'to_tstz' | 'to_text_array';

export interface PropertyExpression {
  readonly name: string;
  readonly type: PropertyType;
  /** SQL of the type: text, numeric, boolean, timestamptz, geometry, or jsonb for arrays and objects. Never raises. */
  readonly sql: string;
  readonly column: boolean;
  /** False for the columns that are NOT NULL. */
  readonly nullable: boolean;
  /** The jsonb at the path; undefined for the columns that `content` does not repeat. */
  readonly json: string | undefined;
  /** The same as text (`->>`): NULL where the member is missing or null. */
  readonly text: string | undefined;
  /** The wrapper on whose result pgSTAC keeps an index in every partition the query reads. */
  readonly indexedAs: IndexWrapper | undefined;
}

export interface PropertyResolver {
  /** Undefined for a property that does not exist, which a filter may then not name. */
  resolve(name: string): PropertyExpression | undefined;
}

/** What is known of one property, from `pgstac.queryables` or from the data. */
export interface PropertyDefinition {
  /** As pgSTAC names it: `eo:cloud_cover`, `assets.B4.href`; a leading `properties.` is taken off. */
  readonly name: string;
  readonly type: PropertyType;
  /** The keys under `content`, where they are not those of the name (`queryables.property_path`). */
  readonly path?: readonly string[];
  readonly indexedAs?: IndexWrapper;
}

export interface ResolverOptions {
  readonly properties?: Iterable<PropertyDefinition>;
  /** Whether properties that nobody defined may be named; true unless told (pgSTAC's `additional_properties`). */
  readonly additionalProperties?: boolean;
  readonly alias?: string;
}

interface Table {
  readonly columns: ReadonlyMap<string, readonly [column: string, type: PropertyType, path?: readonly string[]]>;
  /** Members at the root of `content`; every other name is a member of `properties`. Undefined: all are at the root. */
  readonly rootMembers: ReadonlySet<string> | undefined;
  readonly nullable: boolean;
}

const ITEMS: Table = {
  columns: new Map([
    ['id', ['id', 'string']],
    ['collection', ['collection', 'string']],
    ['geometry', ['geometry', 'geometry']],
    ['datetime', ['datetime', 'datetime', ['properties', 'datetime']]],
    // pgSTAC writes the start of an item's time into `datetime` when it has one.
    ['start_datetime', ['datetime', 'datetime', ['properties', 'start_datetime']]],
    ['end_datetime', ['end_datetime', 'datetime', ['properties', 'end_datetime']]],
  ]),
  rootMembers: new Set(['assets', 'links', 'bbox', 'stac_version', 'stac_extensions', 'properties']),
  nullable: false,
};

const COLLECTIONS: Table = {
  columns: new Map([
    ['id', ['id', 'string']],
    // pgSTAC derives these from the collection's extent.
    ['geometry', ['geometry', 'geometry']],
    ['datetime', ['datetime', 'datetime']],
    ['end_datetime', ['end_datetime', 'datetime']],
  ]),
  rootMembers: undefined,
  nullable: true,
};

/** `properties.x` and `x` are one property (pgSTAC's `strip_properties_prefix`). */
export const propertyName = (name: string): string => name.replace(/^(?:properties\.)+(?=.)/, '');

function jsonPath(document: string, keys: readonly string[]): { json: string; text: string } {
  const head = [document, ...keys.slice(0, -1).map(quoteLiteral)].join('->');
  const last = quoteLiteral(keys.at(-1) ?? '');
  return { json: `(${head}->${last})`, text: `(${head}->>${last})` };
}

function typedSql(type: PropertyType, json: string, text: string): string {
  switch (type) {
    case 'number':
    case 'integer':
      return jsonNumber(json);
    case 'boolean':
      return jsonBoolean(json);
    case 'datetime':
    case 'date':
      return jsonInstant(text);
    case 'array':
    case 'object':
    case 'geometry':
      return json;
    default:
      return text;
  }
}

const MAX_CACHED = 1000;

function makeResolver(table: Table, options: ResolverOptions): PropertyResolver {
  const { alias = 'i', additionalProperties = true } = options;
  const known = new Map<string, PropertyDefinition>();
  for (const property of options.properties ?? []) known.set(propertyName(property.name), property);
  const resolved = new Map<string, PropertyExpression>();

  const resolve = (name: string): PropertyExpression | undefined => {
    const column = table.columns.get(name);
    if (column !== undefined) {
      const [sql, type, path] = column;
      const member = path === undefined ? { json: undefined, text: undefined } : jsonPath(`${alias}.content`, path);
      return { name, type, sql: `${alias}.${sql}`, column: true, nullable: table.nullable, ...member, indexedAs: undefined };
    }
    const definition = known.get(name);
    if (definition === undefined && !additionalProperties) return undefined;
    const keys = definition?.path ?? name.split('.');
    if (keys.length === 0 || keys.some((key) => key === '') || name === 'properties') return undefined;
    const rooted = definition?.path !== undefined || table.rootMembers === undefined || table.rootMembers.has(keys[0] ?? '');
    const { json, text } = jsonPath(`${alias}.content`, rooted ? keys : ['properties', ...keys]);
    const type = definition?.type ?? 'json';
    return { name, type, sql: typedSql(type, json, text), column: false, nullable: true, json, text, indexedAs: definition?.indexedAs };
  };

  return {
    resolve(name) {
      const plain = table.rootMembers === undefined ? name : propertyName(name);
      const cached = resolved.get(plain) ?? resolve(plain);
      // Callers choose the names: a resolver that lives long must not keep all they ever thought of.
      if (cached !== undefined && resolved.size < MAX_CACHED) resolved.set(plain, cached);
      return cached;
    },
  };
}

/** Names on `pgstac.items` as pgSTAC reads them: its columns, the item's own members, else a member of `properties`. */
export const itemResolver = (options: ResolverOptions = {}): PropertyResolver => makeResolver(ITEMS, options);

/** Names on `pgstac.collections`: its columns, else a member of the collection. */
export const collectionResolver = (options: ResolverOptions = {}): PropertyResolver => makeResolver(COLLECTIONS, options);
