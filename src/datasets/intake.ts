/** Takes an upload in, tile by tile as it comes: parsed, placed, checked, added up and spooled; no database connection meanwhile. */
import { createHash } from 'node:crypto';
import { DomainError } from '../errors.js';
import { canonicalJson, isObject, type JsonObject } from '../json.js';
import { type Base, currentBase } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { saysNoCog } from '../stac/assets.js';
import { idFault } from '../stac/ids.js';
import { modernFields } from '../stac/spellings.js';
import { SYSTEM_TILES } from './collections.js';
import { ownInstants } from './extent.js';
import { Faults } from './faults.js';
import { type DatasetHead, parseHead } from './head.js';
import type { HeadStart } from './head-start.js';
import { HeaderReader, type PlacedTile } from './headers.js';
import { TileLedger } from './ledger.js';
import { RowSpool, spoolFolder } from './spool.js';
import { TileSummary } from './summary.js';
import { parseTile } from './tile.js';
import { kindOf, TileChecks } from './tile-checks.js';
import { TileRows } from './tile-rows.js';
import { type ArrivedTile, type DatasetUpload, Malformed } from './upload.js';

/** What is done with the tiles: written; only checked; or only compared with what was written before. */
export type Purpose = 'write' | 'check' | 'compare';

export interface IntakeOptions {
  /** Asked once the head is parsed and good; may look into the database. */
  readonly purpose: (head: DatasetHead) => Promise<Purpose> | Purpose;
  readonly signal: AbortSignal;
  /** The id in the URL of a PUT. */
  readonly urlId?: string | undefined;
  /** Begins to copy rows that are still to come; asked where the whole upload is in memory. */
  readonly headStart?: (dataset: { readonly id: string; readonly base: Base }, rows: AsyncIterable<Buffer>) => HeadStart | undefined;
}

/** An upload that was read to its end and is good as far as its purpose asks. */
export interface TakenIn {
  readonly head: DatasetHead;
  /** SHA-256 of what was said, the same for JSON and NDJSON: members in any order, `expected_tiles` left out. */
  readonly digest: string;
  readonly tiles: TakenTiles | undefined;
}

/** Undefined in {@link TakenIn} when the upload was only compared. */
export interface TakenTiles {
  readonly ledger: TileLedger;
  /** The tiles' numbers in the ledger by tile_index; undefined where they came like that. */
  readonly byIndex: Int32Array | undefined;
  readonly summary: TileSummary;
  /** Rows for {@link filledRows}, where they are to be written. */
  readonly spool: RowSpool;
  /** The caller takes it, or gives it up. */
  readonly headStart: HeadStart | undefined;
  readonly base: Base | undefined;
  readonly rowsAreMarked: boolean;
  readonly own: JsonObject | undefined;
  readonly now: string;
  /** Whether this server, or the TiTiler that draws for it, may read the first tile's file. */
  readonly isDrawable: boolean;
  /** Extensions of tiles whose schemas are not at hand. */
  readonly unchecked: ReadonlySet<string>;
}

/** PGlite holds the rows of a transaction in memory: measured in docs/decisions/0031-datasets-at-any-scale.md. */
export const MOST_EMBEDDED_TILES = 50_000;
/** Fewer rows are not worth a head start. */
const FEWEST_AHEAD = 1000;

/**
 * Reads the whole upload. The caller closes the spool; when this throws it is closed already.
 * @throws InvalidInput with every fault of head and tiles, TooLarge beyond what the embedded database takes
 */
export async function takeIn(upload: DatasetUpload, services: Services, options: IntakeOptions): Promise<TakenIn> {
  const faults = new Faults();
  const head = parseHead(upload.head, faults, options.urlId);
  const purpose = faults.count > 0 ? 'check' : await options.purpose(head);
  const base = purpose === 'write' ? await currentBase(services.database.pool, SYSTEM_TILES) : undefined;
  const count = await upload.ahead?.();
  const intake = new Intake(head, faults, services, { purpose, signal: options.signal, base, count });
  try {
    if (base !== undefined && count !== undefined && count >= FEWEST_AHEAD && services.database.kind === 'external') intake.startAhead(base, options.headStart);
    if (upload.tilesFault !== undefined) faults.add('/tiles', upload.tilesFault);
    for await (const arrived of upload.tiles) await intake.take(arrived);
    return await intake.finish(upload.tilesFault === undefined);
  } catch (error) {
    await intake.spool.close();
    await intake.headStart?.abandon();
    throw error;
  }
}

class Intake {
  readonly spool: RowSpool;
  headStart: HeadStart | undefined;
  private readonly ledger: TileLedger;
  private readonly summary = new TileSummary();
  private readonly hash = createHash('sha256');
  private readonly headers: HeaderReader;
  private readonly checks: TileChecks;
  private readonly rows: TileRows | undefined;
  private readonly own: JsonObject | undefined;
  private readonly now = new Date().toISOString();
  private readonly most: number;
  private count = 0;
  private isDrawable: boolean | undefined;

  constructor(
    private readonly head: DatasetHead,
    private readonly faults: Faults,
    private readonly services: Services,
    private readonly options: { readonly purpose: Purpose; readonly signal: AbortSignal; readonly base: Base | undefined; readonly count: number | undefined },
  ) {
    const { base, signal } = options;
    const count = head.expectedTiles ?? options.count;
    this.own = ownInstants(modernFields(isObject(head.dataset['properties']) ? head.dataset['properties'] : {}));
    this.ledger = new TileLedger(count);
    this.spool = new RowSpool(spoolFolder(services.config.dataDir));
    this.most = services.database.kind === 'embedded' ? MOST_EMBEDDED_TILES : Infinity;
    this.headers = new HeaderReader(services.sources, faults, signal, (tile) => this.takePlaced(tile));
    // An id that is no id is a fault of the dataset, not of each of its tiles.
    const datasetId = idFault(head.id) === undefined ? head.id : 'dataset';
    this.checks = new TileChecks(services.validator, { datasetId, count: '001', instants: this.own ?? { datetime: this.now }, now: this.now }, faults);
    this.rows = base === undefined ? undefined : new TileRows({ datasetId: head.id, base, count, instants: this.own, now: this.now });
    const { dataset, mosaic, metadata } = head;
    this.hash.update(canonicalJson({ dataset: { ...dataset, id: head.id }, mosaic, metadata }));
  }

  startAhead(base: Base, begin: IntakeOptions['headStart']): void {
    this.headStart = begin?.({ id: this.head.id, base }, this.spool.pieces());
  }

  async take(arrived: readonly ArrivedTile[]): Promise<void> {
    this.options.signal.throwIfAborted();
    for (const tile of arrived) {
      const waiting = this.takeOne(tile);
      if (waiting !== undefined) await waiting;
    }
    await this.spool.drain();
  }

  async finish(isList: boolean): Promise<TakenIn> {
    const { faults, head, count } = this;
    await this.headers.finish();
    await this.checks.finish();
    await this.spool.drain();
    this.spool.end();
    const byIndex = this.ledger.byIndex(faults);
    if (count === 0 && isList) faults.add('/tiles', 'must hold at least one tile');
    if (head.expectedTiles !== undefined && head.expectedTiles !== count) faults.add('/expected_tiles', `is ${head.expectedTiles}, but there are ${count} tiles`);
    faults.throwAny('The dataset');
    const { ledger, summary, spool, headStart, own, now, rows, options } = this;
    return {
      head,
      digest: this.hash.digest('base64url'),
      tiles: options.purpose === 'compare' ? undefined : { ledger, byIndex, summary, spool, headStart, base: options.base, rowsAreMarked: rows?.marked ?? false, own, now, isDrawable: this.isDrawable ?? false, unchecked: this.checks.unchecked },
    };
  }

  private takeOne(arrived: ArrivedTile): Promise<void> | undefined {
    const { faults } = this;
    const place = this.count;
    this.count += 1;
    if (this.count > this.most) throw new DomainError('TooLarge', `The embedded database takes at most ${this.most} tiles in one dataset; PostgreSQL (DATABASE_URL) takes any number.`);
    if (arrived instanceof Malformed) {
      faults.add(`/tiles/${place}`, arrived.message, place + 1);
      return undefined;
    }
    this.hash.update(`\n${canonicalJson(arrived)}`);
    const index = indexOf(arrived, place);
    const tile = faults.attempt(() => parseTile(arrived, place), index);
    faults.addUnstorable(arrived, `/tiles/${place}`, index);
    if (tile === undefined || this.options.purpose === 'compare') return undefined;
    if (tile.footprint !== undefined) return this.takePlaced({ ...tile, footprint: tile.footprint, isCog: !saysNoCog(tile.asset['type']) });
    // No connection waits for somebody's files.
    void this.headStart?.abandon();
    return this.headers.add(tile);
  }

  private takePlaced(tile: PlacedTile): Promise<void> | undefined {
    const kind = kindOf(tile);
    this.isDrawable ??= this.mayDraw(tile.href);
    this.ledger.add(tile, this.faults);
    this.summary.add(tile);
    if (this.faults.count === 0 && this.rows !== undefined) this.spool.add(this.rows.row(tile, kind));
    // Only rows without marks can be copied as they are.
    if (this.rows?.marked === true) void this.headStart?.abandon();
    return this.checks.add(tile, kind);
  }

  private mayDraw(href: string): boolean {
    if (this.services.config.titiler !== undefined) return true;
    try {
      this.services.sources.check(href);
      return true;
    } catch {
      return false;
    }
  }
}

/** The index to name in a fault: the tile's own where it has a good one, else its place counted from 1. */
function indexOf(tile: ArrivedTile, place: number): number {
  const given = isObject(tile) ? tile['index'] : undefined;
  return typeof given === 'number' && Number.isInteger(given) ? given : place + 1;
}
