/** A whole mosaic in one call: footprints in, MosaicJSON out. */
import { mosaicDocument, type MosaicOptions } from './document.js';
import { type Footprint, Footprints } from './footprints.js';
import { burnQuadkeys } from './quadkeys.js';
import { chooseQuadkeyZoom } from './zooms.js';

export interface BuildOptions extends MosaicOptions {
  /** 1 to 12; chosen from the footprints when not given. */
  readonly quadkeyZoom?: number | undefined;
  readonly limit?: number | undefined;
  /** Writes what all hrefs begin with once, as `asset_prefix`. */
  readonly compact?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BuiltMosaic {
  readonly quadkeyZoom: number;
  /** How many quadkeys the document has. */
  readonly quadkeys: number;
  /** The document in pieces; nothing can fail once the first is read. */
  readonly document: Generator<string, void, undefined>;
}

/**
 * Collects footprints in stacking order, burns them, and hands back the document to be streamed.
 * @throws InvalidInput for more quadkeys than the limit, before a byte is written; the signal's reason when aborted.
 */
export async function buildMosaic(rows: AsyncIterable<Footprint> | Iterable<Footprint>, options: BuildOptions): Promise<BuiltMosaic> {
  const footprints = new Footprints();
  await footprints.addAll(rows, options.signal);
  const zoom = options.quadkeyZoom ?? chooseQuadkeyZoom(footprints.summary(), options.maxzoom);
  const { maxPerQuadkey, order, limit, signal } = options;
  const quadkeys = await burnQuadkeys(footprints, { zoom, maxPerQuadkey, order, limit, signal });
  const assetPrefix = options.compact === true ? footprints.assetPrefix() : options.assetPrefix;
  return { quadkeyZoom: zoom, quadkeys: quadkeys.count, document: mosaicDocument(footprints, quadkeys, { ...options, assetPrefix }) };
}
