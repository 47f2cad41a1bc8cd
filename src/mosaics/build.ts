/** A whole mosaic in one call: footprints in, MosaicJSON out. */
import { mosaicDocument, type MosaicOptions } from './document.js';
import { type Footprint, Footprints } from './footprints.js';
import { burnFittingQuadkeys, burnQuadkeys } from './quadkeys.js';
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
  return mosaicOfFootprints(footprints, options);
}

/**
 * The same of footprints that are in hand.
 * @param sequence their numbers in stacking order, where that is not the order they came in
 */
export async function mosaicOfFootprints(footprints: Footprints, options: BuildOptions, sequence?: Int32Array): Promise<BuiltMosaic> {
  const zoom = options.quadkeyZoom ?? chooseQuadkeyZoom(footprints.summary(), options.maxzoom);
  const { maxPerQuadkey, order, limit, signal } = options;
  // A zoom that nobody asked for gives way; one that was asked for is an error that names the one that fits.
  const burnt = options.quadkeyZoom === undefined ? burnFittingQuadkeys : burnQuadkeys;
  const quadkeys = await burnt(footprints, { zoom, maxPerQuadkey, order, limit, sequence, signal });
  const assetPrefix = options.compact === true ? footprints.assetPrefix() : options.assetPrefix;
  return { quadkeyZoom: quadkeys.zoom, quadkeys: quadkeys.count, document: mosaicDocument(footprints, quadkeys, { ...options, assetPrefix }) };
}
