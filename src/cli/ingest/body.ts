/** The body of `POST /api/datasets` made of stored headers, piece by piece and the same each time it is made. */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import type { JsonObject } from '../../json.js';
import { isUrl } from '../local-sources.js';
import type { FoundFile } from './find.js';
import type { HeaderStore } from './header-store.js';

export interface BodyParts {
  /** `dataset` and `mosaic`. */
  readonly head: JsonObject;
  readonly files: readonly FoundFile[];
  /** Places of the files that become tiles. */
  readonly good: readonly number[];
  readonly store: Pick<HeaderStore, 'tile'>;
  /** A public URL in the place of the folder. */
  readonly hrefPrefix: string | undefined;
}

const PIECE = 64 * 1024;

/** Where readers of the tile find it. */
export function tileHref({ path, name }: FoundFile, hrefPrefix: string | undefined): string {
  if (hrefPrefix !== undefined) return `${hrefPrefix.replace(/\/+$/, '')}/${name.split('/').map(encodeURIComponent).join('/')}`;
  return isUrl(path) ? path : pathToFileURL(path).href;
}

/** `application/x-ndjson`: the head with the number of tiles, then a tile a line. */
export function* bodyPieces({ head, files, good, store, hrefPrefix }: BodyParts): Generator<Buffer> {
  let piece = `${JSON.stringify({ ...head, expected_tiles: good.length })}\n`;
  for (const at of good) {
    const file = files[at];
    if (file === undefined) continue;
    piece += `{"href":${JSON.stringify(tileHref(file, hrefPrefix))},${store.tile(at).slice(1)}\n`;
    if (piece.length < PIECE) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (piece !== '') yield Buffer.from(piece);
}

export interface Digest {
  /** Equal for equal bodies. */
  readonly key: string;
  readonly bytes: number;
}

export function digestOf(pieces: Iterable<Buffer>): Digest {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const piece of pieces) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { key: `ingest-${hash.digest('base64url')}`, bytes };
}
