/** The footprints of a mosaic, streamed out of PostgreSQL in stacking order: an outline and an href each, and little else. */
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { Database } from '../database/index.js';
import type { Json, JsonObject } from '../json.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import { hold } from './cancellable.js';
import { hrefOfOther } from './other-href.js';
import { RowStream } from './row-stream.js';
import { orderSql, sortKeys } from './search.js';
import { selectionSql, type Visibility } from './selection.js';

export interface MosaicQuery {
  /** Every one of them must hold. */
  readonly selections: readonly ItemSelection[];
  /** Stacking order, the first on top. */
  readonly sortby: readonly SortKey[];
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
  /** The asset wanted; undefined: `data`, else the item's only data asset. */
  readonly asset: string | undefined;
  /** One in so many items tells of its resolution. */
  readonly resolutionOfEvery: number;
}

export interface MosaicFootprint {
  readonly href: string;
  /** Hex EWKB, as PostGIS writes it. */
  readonly geometry: string;
  /** Of items whose outline is wider than half the world: their bbox tells which way round they go. */
  readonly bbox: readonly number[] | undefined;
  /** What item and asset say of pixels, with the item's bbox; undefined for those that were not asked. */
  readonly resolution: { readonly fields: JsonObject; readonly bbox: readonly number[] | undefined } | undefined;
}

interface Row {
  readonly geometry: string;
  readonly href: string | null;
  readonly assets?: JsonObject | null;
  readonly item_assets?: JsonObject | null;
  readonly bbox: Json;
  readonly resolution: JsonObject | null;
}

const BATCH = 1000;
/** What zooms are made of. */
const RESOLUTION = ['gsd', 'proj:code', 'proj:shape', 'proj:transform', 'proj:bbox'];

/** Content is unpacked at each mention of it (10 µs for 3 KB), so it is mentioned as seldom as can be. */
function statement(query: MosaicQuery): { text: string; values: unknown[] } {
  const builder = new SqlBuilder();
  const where = query.selections.map((selection) => `(${selectionSql(selection, query.visibility, builder, query.resolver)})`).join(' AND ');
  const asset = builder.param(query.asset ?? 'data', 'text');
  const href = `i.content->'assets'->${asset}->>'href'`;
  // Another asset is looked for only where the caller named none and the item has no `data`.
  const falls = query.asset === undefined;
  const others = falls ? `, CASE WHEN ${href} IS NULL THEN i.content->'assets' END AS assets, CASE WHEN ${href} IS NULL THEN c.content->'item_assets' END AS item_assets` : '';
  const fields = RESOLUTION.map((name) => `'${name}', coalesce(x.a->'${name}', x.p->'${name}')`).join(', ');
  const isAsked = query.resolutionOfEvery === 1 ? 'TRUE' : `(hashtext(i.id) & 2147483647) % ${builder.param(query.resolutionOfEvery, 'int')} = 0`;
  const text = `SELECT i.geometry, ${href} AS href${others},
      CASE WHEN ST_XMax(i.geometry) - ST_XMin(i.geometry) > 180 THEN i.content->'bbox' END AS bbox,
      CASE WHEN ${isAsked} THEN (SELECT jsonb_build_object('bbox', i.content->'bbox', ${fields})
        FROM (SELECT i.content->'properties' AS p, i.content->'assets'->${asset} AS a OFFSET 0) AS x) END AS resolution
    FROM pgstac.items i${falls ? ' JOIN pgstac.collections c ON c.id = i.collection' : ''}
    WHERE ${where} ORDER BY ${orderSql(sortKeys(query.sortby, query.resolver), false)}`;
  return { text, values: [...builder.values] };
}

const numbers = (value: Json | undefined): readonly number[] | undefined =>
  Array.isArray(value) && value.every((n): n is number => typeof n === 'number') ? value : undefined;

function toFootprint(row: Row): MosaicFootprint | undefined {
  const href = row.href ?? hrefOfOther(row);
  if (href === undefined) return undefined;
  const { geometry, resolution } = row;
  return { href, geometry, bbox: numbers(row.bbox), resolution: resolution === null ? undefined : { fields: resolution, bbox: numbers(resolution['bbox']) } };
}

/**
 * Streams footprints in stacking order; items without such an asset are left out. The statement ends when the reader
 * stops or the signal is aborted.
 * @throws the signal's reason
 */
export async function* streamMosaicFootprints(database: Pick<Database, 'pool' | 'kind'>, query: MosaicQuery, signal: AbortSignal): AsyncGenerator<MosaicFootprint, void, undefined> {
  const { text, values } = statement(query);
  const { client, release } = await hold(database, signal);
  let done = false;
  const stream = client.query(new RowStream(client, text, values, { batchSize: BATCH }));
  const stop = (): void => void stream.destroy(new Error('The reader has gone.'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const row of stream as AsyncIterable<Row>) {
      const footprint = toFootprint(row);
      if (footprint !== undefined) yield footprint;
    }
    signal.throwIfAborted();
    done = true;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await release(done);
  }
}
