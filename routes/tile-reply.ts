/** A drawn tile as an answer: found, compared with what the client has, drawn or known, and told what it cost and lacks. */
import { performance } from 'node:perf_hooks';
import type { Geometry } from 'geojson';
import type { accessParameters, narrowParameters } from '../schemas/titiler.js';
import type { Parsed } from '../schemas/parameters.js';
import { asOfNow, type Moment, momentOf } from '../src/pgstac/as-of-now.js';
import type { Target } from '../src/searches/target.js';
import { assetsOn, type TileAssets, type TileLimits } from '../src/searches/tile-assets.js';
import { inSpan } from '../src/telemetry/spans.js';
import type { ServedTile } from '../src/tiles/cached-renderer.js';
import { shownHref } from '../src/storage/source.js';
import { fileVersions } from '../src/tiles/file-versions.js';
import type { Call, Reply } from './http.js';
import type { TargetKind } from './mosaics.js';
import { narrowedTarget, narrowingOf } from './tilejson.js';
import { titilerFor, titilerReply } from './titiler.js';

/** What is to be drawn, once it is known of which assets. */
interface Drawn {
  /** Names all that the picture depends on. */
  readonly key: string;
  readonly tile: () => Promise<ServedTile>;
}

export interface PlaceQuestion {
  readonly kind: TargetKind;
  readonly place: Geometry;
  /** Names of the assets of an item; its data asset unless told. */
  readonly assets: readonly string[] | undefined;
  /** Where TiTiler has the same, below its own path of the target. */
  readonly path: readonly string[];
}

export interface TileQuestion extends PlaceQuestion {
  readonly draw: (found: { readonly hrefs: string[]; readonly version: string }) => Drawn;
  readonly headers?: Readonly<Record<string, string>>;
}

export type TileCall = Call & { readonly query: Partial<Parsed<typeof accessParameters & typeof narrowParameters>> & { readonly empty?: string | undefined } };

/** Clients ask again after a minute; proxies and browsers then mostly hear 304. */
export const CACHED = 'public, max-age=60';
/** A file that was replaced under its name without its item being written again is seen by those who ask with an ETag after so long. */
const REPLACED_MS = 3_600_000;
const TARGETS = 1000;
/** What a header may hold of names. */
const MAX_NAMES = 2000;

const files = fileVersions();

const known = asOfNow<Target>(TARGETS);

/** A target as of a moment; every tile is a use of its search. */
async function targetOf(kind: TargetKind, call: TileCall, now: Moment): Promise<Target> {
  let isRead = false;
  const target = await known(call.services.database.pool, JSON.stringify([kind, call.params['searchId'], call.params['collectionId'], call.params['datasetId'], narrowingOf(kind, call.search), call.visibility.hidden]), () => {
    isRead = true;
    return narrowedTarget(kind, call);
  }, now);
  if (!isRead && target.searchId !== undefined) await call.services.searchUse.used(target.searchId);
  return target;
}

/** Only what the caller said. */
export function limitsOf({ scan_limit: scan, items_limit: items, time_limit: seconds, exitwhenfull, skipcovered }: TileCall['query']): TileLimits {
  return {
    ...(scan ? { scan } : {}),
    ...(items ? { items } : {}),
    ...(seconds ? { seconds } : {}),
    ...(exitwhenfull === undefined ? {} : { exitWhenFull: exitwhenfull }),
    ...(skipcovered === undefined ? {} : { skipCovered: skipcovered }),
  };
}

/** An answer made of a target, or TiTiler's where one is set up. */
export async function ofTarget(call: TileCall, { kind, path }: Pick<PlaceQuestion, 'kind' | 'path'>, answer: (target: Target, now: Moment) => Promise<Reply>): Promise<Reply> {
  const now = momentOf(call.services.database.pool);
  const target = await targetOf(kind, call, now);
  if (kind === 'catalog') return answer(target, now); // TiTiler has no name for it
  const titiler = titilerFor(call, target);
  return titiler === undefined ? answer(target, now) : titilerReply(titiler, call, kind, target, path);
}

export function tileReply(call: TileCall, { place, assets, draw, headers, ...question }: TileQuestion): Promise<Reply> {
  const began = performance.now();
  return ofTarget(call, question, async (target, now) => {
    const found = await assetsOn(call.services, target, place, assets, limitsOf(call.query), now);
    return answerTile(call, found, performance.now() - began, draw, headers);
  });
}

/** A tile whose assets are known. @param findMs how long it took to find them */
export async function answerTile(call: Pick<TileCall, 'headers' | 'query' | 'services'>, found: TileAssets, findMs: number, draw: TileQuestion['draw'], more: TileQuestion['headers'] = {}): Promise<Reply> {
  const hrefs = found.assets.flatMap((asset) => asset.hrefs);
  const { key, tile } = draw({ hrefs, version: [...found.assets.map(({ version }) => version), files.changed(hrefs)].join(' ') });
  const etag = `W/"${key}.${Math.floor((Date.now() + staggered(key)) / REPLACED_MS).toString(36)}"`;
  const cut = { ...more, ...truncation(found) };
  if (knows(call, etag)) return { status: 304, headers: { ETag: etag, 'Cache-Control': CACHED, 'Server-Timing': timing('find', findMs), ...cut } };
  const started = performance.now();
  const drawn = await inSpan('draw tile', { 'stac_mosaic.assets': found.assets.length }, async (span) => {
    const served = await tile();
    span.setAttribute('stac_mosaic.from', served.from);
    return served;
  });
  call.services.metrics.tile(drawn.from);
  // Drawn of a file that has just been replaced, or by a worker that has not seen it yet: not to be kept under this name.
  const isReplaced = drawn.from !== 'cache' && files.notice(drawn.versions ?? {});
  const headers = {
    'Server-Timing': `${timing('find', findMs)}, ${timingsOf(drawn, performance.now() - started)}, from;desc="${drawn.from}"`,
    'X-Assets': namesOf(found, drawn),
    ...cut,
    ...freshness(drawn),
    ...(isReplaced ? { 'Cache-Control': 'no-cache' } : {}),
  };
  if (drawn.empty && call.query.empty !== 'transparent') return { status: 204, headers };
  return { text: drawn.bytes, type: drawn.contentType, headers: drawn.failed.length === 0 && !isReplaced ? { ...headers, ETag: etag } : headers };
}

export const truncation = ({ cut }: TileAssets): Record<string, string> => (cut === undefined ? {} : { 'X-Truncated': cut });

/** What lacks an asset is not to be kept. */
export const freshness = ({ failed }: Pick<ServedTile, 'failed'>): Record<string, string> =>
  failed.length === 0 ? { 'Cache-Control': CACHED } : { 'Cache-Control': 'no-cache', 'X-Failed-Assets': String(failed.length), 'X-Failed': failuresOf(failed) };

/** Waiting for a worker, reading and unpacking, drawing, encoding; or the cache. */
function timingsOf({ from, timings }: ServedTile, ms: number): string {
  if (from === 'cache') return timing('cache', ms);
  if (timings === undefined) return timing('draw', ms);
  const { read, draw, encode } = timings;
  return [timing('wait', Math.max(0, ms - read - draw - encode)), timing('read', read), timing('draw', draw), timing('encode', encode)].join(', ');
}

export const timing = (name: string, ms: number): string => `${name};dur=${ms.toFixed(1)}`;

/** So that not all tiles of a map are drawn anew in the same moment. */
const staggered = (key: string): number => (Buffer.from(key, 'base64url').readUInt16BE(0) / 65_536) * REPLACED_MS;

/** `*` names what there is, which is known only when it has been drawn. */
export const knows = ({ headers }: Pick<Call, 'headers'>, etag: string): boolean =>
  (headers['if-none-match'] ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag.slice(2));

/** Ids of the items that gave pixels, as titiler-pgstac names them; encoded, since ids may hold anything. */
function namesOf({ assets }: TileAssets, { used }: ServedTile): string {
  const shown = new Set(used.map(shownHref));
  return bounded(assets.filter(({ hrefs }) => shown.has(shownHref(hrefs[0] ?? ''))).map(({ id }) => encodeURIComponent(id)));
}

const failuresOf = (failed: ServedTile['failed']): string => bounded(failed.map(({ href, message }) => `${encodeURI(href.toWellFormed())} (${message.replace(/[^\x20-\x7e]/g, '?')})`), '; ');

function bounded(names: readonly string[], separator = ','): string {
  const all = names.join(separator);
  return all.length <= MAX_NAMES ? all : `${all.slice(0, MAX_NAMES)}...`;
}
