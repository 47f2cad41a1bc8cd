/** Tiles that are only an href: what POST /api/datasets needs is read from the COG's header, one small request a file. */
import pLimit from 'p-limit';
import { factFields, tileFacts, type TileFacts } from '../cog/facts.js';
import { readCogHeader } from '../cog/open.js';
import { DomainError, messageOf } from '../errors.js';
import type { Sources } from '../storage/source.js';
import type { Faults } from './faults.js';
import type { Tile } from './tile.js';

/** Headers read at once: enough to hide the network's latency, few enough not to trouble a blob store. */
const AT_ONCE = 8;
/** Tiles that wait for one: beyond these the upload waits too. */
const MOST_WAITING = 64;

/** A tile with its footprint; what the header says is taken where the caller said nothing. */
export type PlacedTile = Tile & { readonly footprint: NonNullable<Tile['footprint']>; readonly isCog: boolean };

/** Reads headers while the upload goes on; tiles are handed on in the order in which their headers came. */
export class HeaderReader {
  private readonly limit = pLimit(AT_ONCE);
  private readonly waiting = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  /** @param take is given each tile with its footprint; what cannot be read becomes a fault of its tile */
  constructor(
    private readonly sources: Sources,
    private readonly faults: Faults,
    private readonly signal: AbortSignal,
    private readonly take: (tile: PlacedTile) => Promise<void> | void,
  ) {}

  /** Resolves at once, or when there is room again. */
  async add(tile: Tile): Promise<void> {
    const reading: Promise<void> = this.limit(() => this.read(tile))
      .catch((error: unknown) => {
        this.failure ??= { error };
      })
      .finally(() => this.waiting.delete(reading));
    this.waiting.add(reading);
    if (this.waiting.size >= MOST_WAITING) await Promise.race(this.waiting);
    this.throwFailure();
  }

  /** When all have come. */
  async finish(): Promise<void> {
    await Promise.all(this.waiting);
    this.throwFailure();
  }

  private async read(tile: Tile): Promise<void> {
    this.signal.throwIfAborted();
    if (this.failure !== undefined) return;
    let placed: PlacedTile;
    try {
      const source = await this.sources.open(tile.href);
      placed = withFacts(tile, tileFacts(await readCogHeader(source), tile.href));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.faults.add(`/tiles/${tile.place}/href`, messageOf(error), tile.index);
      return;
    }
    await this.take(placed);
  }

  private throwFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }
}

/** What the caller said wins over what the header says. */
function withFacts(tile: Tile, facts: TileFacts): PlacedTile {
  const { properties, asset } = factFields(facts);
  return {
    ...tile,
    footprint: { bbox: facts.bbox, geometry: facts.geometry },
    properties: { ...properties, ...tile.properties },
    asset: { ...asset, ...tile.asset },
    isCog: facts.warnings.length === 0,
  };
}
