/** Tiles asked of a TiTiler in the place of being drawn: titiler-pgstac on the same database, or titiler's MosaicJSON over ours. */
import type { TilesConfig } from '../config-tiles.js';
import { DomainError, invalidInput, messageOf, notImplemented } from '../errors.js';
import { isObject } from '../json.js';
import { segment } from '../links.js';
import { fetchDocument, type Guard } from '../storage/guard.js';
import { Refused } from '../storage/hosts.js';

export type TitilerConfig = NonNullable<TilesConfig['titiler']>;

/** What the tile is of, by the names that each kind of TiTiler knows. */
export interface TitilerSubject {
  /** titiler-pgstac: a registered search, or a collection, which may be narrowed. */
  readonly search: { readonly id: string } | { readonly collection: string };
  /** titiler's MosaicJSON: the absolute URL of our document. */
  readonly mosaic: string;
  /** What is drawn where the caller names no asset. */
  readonly asset: string;
}

export interface TitilerPlace {
  /** Below the subject, as TiTiler has it: `['tiles', 'WebMercatorQuad', '4', '8', '5.png']`, `['point', '10,20']`. */
  readonly path: readonly string[];
  /** As the caller wrote it. */
  readonly query: URLSearchParams;
}

/** Undefined bytes: no data there. */
export interface TitilerPicture {
  readonly bytes: Buffer | undefined;
  readonly type: string;
}

/** Our own parameters, which TiTiler does not know. */
const OURS = ['empty', 'f'];
const TIMEOUT_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_DETAIL = 300;

/** @throws NotImplemented for what titiler's MosaicJSON has no route for */
export function titilerUrl({ url, kind }: TitilerConfig, { search, mosaic, asset }: TitilerSubject, { path, query }: TitilerPlace): URL {
  const said = new URLSearchParams(query);
  for (const name of OURS) said.delete(name);
  rename(said, 'bands', 'bidx');
  // Ours takes names too.
  if (!/^\s*[[{]/.test(said.get('colormap') ?? '{')) rename(said, 'colormap', 'colormap_name');
  const place = path.map(segment).join('/');
  if (kind === 'mosaicjson') {
    if (path[0] !== 'tiles' && path[0] !== 'point') throw notImplemented(`TiTiler's MosaicJSON has no ${path[0]?.split('.')[0]}; tiles and point are asked of it.`);
    const document = new URL(mosaic);
    document.searchParams.set('asset', said.get('assets') ?? asset);
    said.delete('assets');
    said.set('url', document.href);
    return new URL(`${url}/mosaicjson/${place}?${said.toString()}`);
  }
  withOptions(said, asset);
  const root = 'id' in search ? `searches/${segment(search.id)}` : `collections/${segment(search.collection)}`;
  return new URL(`${url}/${root}/${place}?${said.toString()}`);
}

/** titiler-pgstac takes bands and band arithmetic as options of each asset: `data|bidx=1,2` (titiler 1.0 and later). */
function withOptions(query: URLSearchParams, asset: string): void {
  const names = query.has('assets') ? query.getAll('assets').flatMap((name) => (name.includes('|') ? [name] : name.split(','))) : [asset];
  if (names.length > 1 || names.some((name) => name.includes('|'))) {
    query.delete('assets');
    for (const name of names) query.append('assets', name);
    return;
  }
  const bands = query.getAll('bidx').join(',');
  const expression = query.get('expression');
  for (const name of ['assets', 'bidx', 'expression']) query.delete(name);
  const options = [...(bands === '' ? [] : [`bidx=${bands}`]), ...(expression === null || expression === '' ? [] : [`expression=${expression}`])].join('&');
  for (const name of names) query.append('assets', options === '' || name.includes('|') ? name : `${name}|${options}`);
}

function rename(query: URLSearchParams, from: string, to: string): void {
  const values = query.getAll(from);
  query.delete(from);
  for (const value of values) for (const part of from === 'bands' ? value.split(',') : [value]) query.append(to, part);
}

/**
 * @param body of a POST
 * @throws InvalidInput for what TiTiler takes for a fault of the caller, Upstream when it fails or leads elsewhere,
 *   UpstreamTimeout after 30 s; the signal's reason
 */
export async function askTitiler(guard: Guard, url: URL, signal: AbortSignal, body?: unknown): Promise<TitilerPicture> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const { status, type = 'application/octet-stream', bytes } = await fetchDocument(guard, url, { signal: AbortSignal.any([signal, deadline]), limit: MAX_BYTES, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }).catch((error: unknown) => {
    if (signal.aborted) throw signal.reason;
    if (deadline.aborted) throw new DomainError('UpstreamTimeout', `TiTiler did not answer within ${TIMEOUT_MS / 1000} s.`, { cause: error });
    if (error instanceof DomainError && !(error instanceof Refused)) throw error;
    throw new DomainError('Upstream', `TiTiler cannot be reached: ${messageOf(error)}`, { cause: error });
  });
  if (status === 200) return { bytes, type };
  // What is drawn was found before: a 404 says that there is no asset on this tile.
  if (status === 204 || status === 404) return { bytes: undefined, type };
  const why = detailOf(bytes);
  if (status === 400 || status === 422) throw invalidInput(`TiTiler refuses this: ${why}`);
  throw new DomainError('Upstream', `TiTiler answered ${status}${why === '' ? '' : `: ${why}`}.`);
}

/** FastAPI's `detail`, a text or a list of faults. */
function detailOf(bytes: Buffer): string {
  try {
    const document: unknown = JSON.parse(bytes.toString('utf8'));
    const detail = isObject(document) ? document['detail'] : undefined;
    return (typeof detail === 'string' ? detail : JSON.stringify(detail ?? '')).slice(0, MAX_DETAIL);
  } catch {
    return '';
  }
}
