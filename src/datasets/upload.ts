/** A dataset as it arrives, in one JSON document or line by line: its head, then tile after tile. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject, type Json } from '../json.js';

/** A tile that is no JSON at all; the message says why. */
export class Malformed {
  constructor(readonly message: string) {}
}

export type ArrivedTile = Json | Malformed;

export interface DatasetUpload {
  /** `{"dataset", "mosaic", "expected_tiles", "metadata"}`, not yet judged. */
  readonly head: unknown;
  /** What keeps the tiles from being a list. */
  readonly tilesFault?: string | undefined;
  /** Waits a moment for what is still to come; how many tiles there are, where all of them are in memory then. Asked before the tiles are. */
  readonly ahead?: () => Promise<number | undefined>;
  /** The tiles in pieces, each taken before the next is asked for; the first is place 0. */
  readonly tiles: AsyncIterable<readonly ArrivedTile[]>;
}

/** Tiles taken before the event loop gets its turn: some 20 ms. */
const TILES_A_TURN = 500;

/** The body of `application/json`: a head with its `tiles`. */
export function uploadOfBody(body: unknown): DatasetUpload {
  if (!isObject(body)) return { head: body, tiles: inTurns([]) };
  const { tiles, ...head } = body;
  return Array.isArray(tiles) ? { head, tiles: inTurns(tiles), ahead: () => Promise.resolve(tiles.length) } : { head, tiles: inTurns([]), tilesFault: 'must be an array of tiles' };
}

async function* inTurns(tiles: readonly Json[]): AsyncGenerator<readonly Json[]> {
  for (let from = 0; from < tiles.length; from += TILES_A_TURN) {
    if (from > 0) await nextTurn();
    yield tiles.slice(from, from + TILES_A_TURN);
  }
}

/** The same upload with each of its documents changed as it comes. */
export function mappedUpload(upload: DatasetUpload, change: (document: unknown) => unknown): DatasetUpload {
  async function* tiles(): AsyncGenerator<readonly ArrivedTile[]> {
    for await (const batch of upload.tiles) yield batch.map((tile) => (tile instanceof Malformed ? tile : (change(tile) as Json)));
  }
  return { ...upload, head: change(upload.head), tiles: tiles() };
}
