/** Every item that a search selects, as a stream: memory holds a few hundred of them, however many there are. */
import type { Pool, PoolClient } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { DomainError } from '../errors.js';
import { DEFAULT_SORT, type ItemSelection, type SortKey } from '../search/query.js';
import { type BaseItems, readAllBaseItems } from './base-items.js';
import { CONTENT_COLUMNS, type ContentRow, ROW_TYPES, type StoredItem, withBases } from './items-read.js';
import { RowStream } from './row-stream.js';
import { orderSql, readPage, sortKeys } from './search.js';
import { selectionSql, type Visibility } from './selection.js';

export interface ItemStream {
  readonly selection: ItemSelection;
  /** Undefined: in the order in which the database finds them, which needs no sort of a million rows. */
  readonly sortby: readonly SortKey[] | undefined;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
}

const BATCH = 200;
const PAGE = 1000;
/** A reader that takes nothing for so long loses its connection to the database, which others wait for. */
const STALL_MS = 60_000;

/** Streams that hold a connection, by pool. */
const holding = new WeakMap<Pool, number>();

/**
 * Batches of items. On PostgreSQL it is one statement on one connection and one snapshot; where half of the pool streams already, and on the
 * embedded database, whose one backend would wait for a slow reader, it is pages by their keys, each on a connection of its own.
 * Ends with the reader, and when `signal` is aborted.
 * @throws InvalidInput at once, before anything is read
 */
export function streamItems(database: { readonly pool: Pool; readonly kind: 'embedded' | 'external' }, stream: ItemStream, signal: AbortSignal): AsyncGenerator<StoredItem[], void, undefined> {
  const { pool, kind } = database;
  const statement = compile(stream);
  const isFull = (holding.get(pool) ?? 0) >= Math.max(1, Math.floor(pool.options.max / 2));
  return kind === 'embedded' || isFull ? byPages(pool, stream, signal) : byCursor(pool, statement, signal);
}

interface Statement {
  readonly text: string;
  readonly values: unknown[];
  /** Whose base items are needed; undefined: of all. */
  readonly collections: readonly string[] | undefined;
}

function compile({ selection, sortby, visibility, resolver }: ItemStream): Statement {
  const builder = new SqlBuilder();
  const where = selectionSql(selection, visibility, builder, resolver);
  const order = sortby === undefined ? '' : ` ORDER BY ${orderSql(sortKeys(sortby, resolver), false)}`;
  const text = `SELECT ${CONTENT_COLUMNS} FROM pgstac.items i WHERE ${where}${order}`;
  return { text, values: [...builder.values], collections: selection.collections?.length === 0 ? undefined : selection.collections };
}

async function* byPages(pool: Pool, { selection, sortby = DEFAULT_SORT, visibility, resolver }: ItemStream, signal: AbortSignal): AsyncGenerator<StoredItem[], void, undefined> {
  let keys: readonly (string | null)[] | undefined;
  do {
    const after = keys === undefined ? {} : { after: { direction: 'next', keys } as const };
    const page = await readPage(pool, { selection, sortby, limit: PAGE, ...after }, visibility, resolver);
    if (page.items.length > 0) yield page.items;
    keys = page.next;
  } while (keys !== undefined && !signal.aborted);
}

async function* byCursor(pool: Pool, statement: Statement, signal: AbortSignal): AsyncGenerator<StoredItem[], void, undefined> {
  holding.set(pool, (holding.get(pool) ?? 0) + 1);
  let client: PoolClient | undefined;
  let done = false;
  try {
    client = await pool.connect();
    // A suspended portal counts as a running statement, so the pool's timeout would end every long stream.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0');
    const bases = await readAllBaseItems(client, statement.collections);
    yield* batches(client, statement, bases, signal);
    await client.query('COMMIT');
    done = true;
  } finally {
    holding.set(pool, (holding.get(pool) ?? 1) - 1);
    // A statement that is cut off ends with its connection: reading on to its end would cost as much as the stream.
    client?.release(done ? undefined : true);
  }
}

async function* batches(client: PoolClient, { text, values }: Statement, bases: ReadonlyMap<string, BaseItems>, signal: AbortSignal): AsyncGenerator<StoredItem[], void, undefined> {
  const stream = client.query(new RowStream(client, text, values, { batchSize: BATCH, highWaterMark: BATCH, types: ROW_TYPES }));
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  let stalled: NodeJS.Timeout | undefined;
  try {
    let rows: ContentRow[] = [];
    for await (const row of stream as AsyncIterable<ContentRow>) {
      rows.push(row);
      if (rows.length < BATCH) continue;
      const items = withBases(rows, bases);
      stalled = setTimeout(() => stream.destroy(new DomainError('Unavailable', 'The reader took nothing for a minute.')), STALL_MS);
      yield items;
      clearTimeout(stalled);
      rows = [];
    }
    if (rows.length > 0) yield withBases(rows, bases);
  } finally {
    clearTimeout(stalled);
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}
