/** Tiles that are only an href: what POST /api/datasets needs is read from the COG's header, one small request a file. */
import pLimit from 'p-limit';
import { tileFacts, type TileFacts } from '../cog/facts.js';
import { readCogHeader } from '../cog/open.js';
import { DomainError, type Fault, messageOf } from '../errors.js';
import type { Sources } from '../storage/source.js';
import type { Tile } from './tile.js';

/** Headers read at once: enough to hide the network's latency, few enough not to trouble a blob store. */
const AT_ONCE = 8;

/** A tile with its footprint; what the header says is taken where the caller said nothing. */
export type PlacedTile = Tile & { readonly footprint: NonNullable<Tile['footprint']>; readonly isCog: boolean };

/** @throws the one error that stands for all bad tiles: InvalidInput when any of them is the caller's fault, else Upstream */
export async function readHeaders(tiles: readonly Tile[], sources: Sources, signal: AbortSignal): Promise<PlacedTile[]> {
  const limit = pLimit(AT_ONCE);
  const faults: Fault[] = [];
  const placed = await Promise.all(
    tiles.map(async (tile): Promise<PlacedTile | undefined> => {
      const { footprint } = tile;
      if (footprint !== undefined) return { ...tile, footprint, isCog: true };
      return limit(async () => {
        signal.throwIfAborted();
        try {
          const source = await sources.open(tile.href);
          return withFacts(tile, tileFacts(await readCogHeader(source), tile.href));
        } catch (error) {
          if (!(error instanceof DomainError)) throw error;
          faults.push({ path: `/tiles/${tile.place}/href`, message: messageOf(error), index: tile.index });
          return undefined;
        }
      });
    }),
  );
  if (faults.length > 0) throw badTiles(faults);
  return placed.filter((tile) => tile !== undefined);
}

function badTiles(faults: Fault[]): DomainError {
  faults.sort((a, b) => (a.index ?? 0) - (b.index ?? 0));
  return new DomainError('InvalidInput', `${faults.length} tile(s) have neither a bbox nor a header that can be read; the first: ${faults[0]?.message}`, { faults });
}

/** What the caller said wins over what the header says. */
function withFacts(tile: Tile, facts: TileFacts): PlacedTile {
  const { bbox, geometry, gsd, bands, 'file:size': size } = facts;
  return {
    ...tile,
    footprint: { bbox, geometry },
    properties: {
      gsd,
      'proj:code': facts['proj:code'],
      'proj:shape': [...facts['proj:shape']],
      'proj:transform': [...facts['proj:transform']],
      'proj:bbox': [...facts['proj:bbox']],
      ...tile.properties,
    },
    asset: { ...(size === undefined ? {} : { 'file:size': size }), bands: bands.map((band) => ({ ...band })), ...tile.asset },
    isCog: facts.warnings.length === 0,
  };
}
