/** MosaicJSON of a target, computed from what the database holds now (API.md section 3). */
import { createHash } from 'node:crypto';
import type { PropertyResolver } from '../cql2/resolver.js';
import { invalidAt, invalidInput } from '../errors.js';
import { mosaicOfFootprints } from '../mosaics/build.js';
import { Footprints } from '../mosaics/footprints.js';
import { type HrefForm, hrefWriter } from '../mosaics/hrefs.js';
import { room } from '../mosaics/room.js';
import { resolutionOf } from '../mosaics/tile-zooms.js';
import { type Zooms, ZoomsFromItems } from '../mosaics/zooms.js';
import { type MosaicQuery, streamMosaicFootprints } from '../pgstac/mosaic-footprints.js';
import { loadItemResolver } from '../pgstac/queryables.js';
import { selectionVersion } from '../pgstac/selection-version.js';
import { tileResolver } from '../pgstac/tiles.js';
import { parseSortText } from '../search/parse.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import type { Services } from '../services.js';
import { signingOf } from '../storage/signing.js';
import type { Target } from './target.js';

export interface MosaicRequest {
  readonly asset?: string;
  readonly minzoom?: number;
  readonly maxzoom?: number;
  readonly quadkeyZoom?: number;
  /** `last`, `first`, `center`, or a sort expression such as `-datetime`. */
  readonly overlap?: string;
  readonly maxPerQuadkey?: number;
  readonly compact?: boolean;
  /** `https` where nothing is said. */
  readonly href?: HrefForm;
  /** Narrows the target. */
  readonly narrow?: ItemSelection;
}

/** A mosaic that has not been made yet. */
export interface Mosaic {
  /** Names what the document is made of: the rows, the options and the form, known before any of the work. */
  readonly version: string;
  /**
   * The document in pieces. What can go wrong does so before the first.
   * @throws InvalidInput for too many quadkeys, or options that do not fit what there is; Unavailable while too many large
   * ones are under way; the signal's reason
   */
  readonly document: () => AsyncGenerator<string, void, undefined>;
}

/** Zooms when no COG tells: titiler's default for a search. */
export const DEFAULT_ZOOMS = { minzoom: 0, maxzoom: 24 } as const;

/** To be raised when other bytes are made of the same rows. */
const FORM = 1;
/** About so many items are asked for their resolution (20 µs each), spread over all by a hash of their ids. */
const RESOLUTIONS = 2000;
/** Hrefs and outlines of so many are 500 MB. */
const MOST_FOOTPRINTS = 2_000_000;

const reversed = (keys: readonly SortKey[]): SortKey[] => keys.map(({ field, direction }) => ({ field, direction: direction === 'asc' ? 'desc' : 'asc' }));

/** The stacking order: the first of the list is drawn on top (API.md section 8, Mosaics). */
export function stackingOrder(target: Target, overlap: string | undefined): readonly SortKey[] {
  if (overlap === undefined) return target.sortby !== undefined && target.sortby.length > 0 ? target.sortby : reversed(target.natural);
  if (overlap === 'last' || overlap === 'center') return reversed(target.natural);
  if (overlap === 'first') return target.natural;
  return parseSortText(overlap);
}

/** Both must hold: a narrowing box or filter never replaces the target's own. */
export function narrowed(selection: ItemSelection, narrow: ItemSelection | undefined): ItemSelection {
  if (narrow === undefined) return selection;
  const clash = (['bbox', 'intersects', 'datetime', 'filter', 'ids'] as const).find((name) => narrow[name] !== undefined && selection[name] !== undefined);
  if (clash === 'filter' && narrow.filter !== undefined && selection.filter !== undefined) {
    const { filter, ...rest } = narrow;
    return { ...selection, ...rest, filter: { kind: 'and', args: [selection.filter, filter], at: { pointer: '' } } };
  }
  if (clash !== undefined) throw invalidAt(clash, 'is already part of the search that this is made of');
  return { ...selection, ...narrow };
}

export const resolverFor = (services: Pick<Services, 'database'>, target: Target): Promise<PropertyResolver> | PropertyResolver =>
  target.selection.collections?.length === 1 && target.selection.collections[0] === 'system_tiles'
    ? tileResolver
    : loadItemResolver(services.database.pool, target.selection.collections, target.visibility);

/**
 * @param signal ends the work, of the version and of the document
 * @throws InvalidInput for more items than a mosaic is made of, and for signed hrefs where nothing is signed; Upstream without a key to sign with
 */
export async function mosaicOf({ database, config, signer }: Pick<Services, 'database' | 'config'> & Partial<Pick<Services, 'signer'>>, target: Target, request: MosaicRequest, signal: AbortSignal): Promise<Mosaic> {
  const { visibility, name, description, attribution } = target;
  const resolver = await resolverFor({ database }, target);
  const selections = request.narrow === undefined ? [target.selection] : [target.selection, request.narrow];
  const { count, version } = await selectionVersion(database, { selections, visibility, resolver }, signal);
  if (count > MOST_FOOTPRINTS) {
    throw invalidInput(`A mosaic is made of at most ${MOST_FOOTPRINTS.toLocaleString('en')} items and these are ${count.toLocaleString('en')}; narrow them by bbox, datetime or filter.`);
  }
  const query: MosaicQuery = {
    selections,
    visibility,
    resolver,
    sortby: stackingOrder(target, request.overlap),
    asset: request.asset ?? (target.asset === 'data' ? undefined : target.asset),
    resolutionOfEvery: Math.max(1, Math.ceil(count / RESOLUTIONS)),
  };
  const written = hrefWriter(request.href ?? 'https', config.azure);
  const sign = request.href === 'signed' ? await signingOf(signer) : undefined;
  const write = sign === undefined ? written : (href: string): string => sign(written(href));
  const said = { name, description, attribution, minzoom: target.minzoom, maxzoom: target.maxzoom, quadkeyZoom: target.quadkeyZoom, account: config.azure?.endpoint };
  const parts = [FORM, version, query.selections, query.sortby, query.asset, visibility.hidden, request, said];
  return {
    version: createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22),
    async *document() {
      const leave = await room.enter(count, signal);
      try {
        yield* pieces();
      } finally {
        leave();
      }
    },
  };

  async function* pieces(): AsyncGenerator<string, void, undefined> {
    const zooms = new ZoomsFromItems();
    const footprints = new Footprints();
    for await (const { href, geometry, bbox, resolution } of streamMosaicFootprints(database, query, signal)) {
      if (resolution !== undefined) zooms.add(resolutionOf(resolution.fields, resolution.bbox));
      footprints.add({ href: write(href), geometry, crossesAntimeridian: crosses(bbox) });
    }
    const { document } = await mosaicOfFootprints(footprints, {
      name,
      description,
      attribution,
      ...zoomsOf(target, request, zooms.result(footprints.bounds())),
      maxPerQuadkey: request.maxPerQuadkey,
      order: request.overlap === 'center' ? 'center' : 'given',
      compact: request.compact,
      signal,
    });
    yield* document;
  }
}

/** What was asked, else what the target says, else what the COGs tell. @throws InvalidInput where that does not go together */
function zoomsOf(target: Target, request: MosaicRequest, found: Zooms = DEFAULT_ZOOMS): Zooms & { quadkeyZoom: number | undefined } {
  const maxzoom = request.maxzoom ?? target.maxzoom ?? Math.max(found.maxzoom, request.minzoom ?? target.minzoom ?? 0);
  const minzoom = request.minzoom ?? target.minzoom ?? Math.min(found.minzoom, maxzoom);
  if (minzoom > maxzoom) throw invalidAt('minzoom', `is ${minzoom}, above the maxzoom ${maxzoom}`);
  if (request.quadkeyZoom !== undefined && request.quadkeyZoom > maxzoom) throw invalidAt('quadkey_zoom', `is ${request.quadkeyZoom}, above the maxzoom ${maxzoom}`);
  const wanted = request.quadkeyZoom ?? target.quadkeyZoom;
  return { minzoom, maxzoom, quadkeyZoom: wanted === undefined ? undefined : Math.min(wanted, Math.max(1, maxzoom)) };
}

/** West above east: RFC 7946 section 5.2. */
export function crosses(bbox: readonly number[] | undefined): boolean {
  const [west, east] = bbox === undefined ? [] : [bbox[0], bbox[bbox.length / 2]];
  return west !== undefined && east !== undefined && west > east;
}
