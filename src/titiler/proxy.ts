/** Tiles asked of a TiTiler in the place of being drawn: titiler-pgstac on the same database, or titiler's MosaicJSON over ours. */
import type { TilesConfig } from '../config-tiles.js';
import { DomainError, invalidInput, messageOf } from '../errors.js';
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

export interface TitilerTile {
  readonly tms: string;
  readonly z: string;
  readonly x: string;
  /** With its format, where there is one: `12.png`. */
  readonly y: string;
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

export function titilerUrl({ url, kind }: TitilerConfig, { search, mosaic, asset }: TitilerSubject, { tms, z, x, y, query }: TitilerTile): URL {
  const said = new URLSearchParams(query);
  for (const name of OURS) said.delete(name);
  rename(said, 'bands', 'bidx');
  // Ours takes names too.
  if (!/^\s*[[{]/.test(said.get('colormap') ?? '{')) rename(said, 'colormap', 'colormap_name');
  const place = `tiles/${[tms, z, x, y].map(segment).join('/')}`;
  if (kind === 'mosaicjson') {
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
  const names = query.has('assets') ? query.getAll('assets') : [asset];
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
 * @throws InvalidInput for what TiTiler takes for a fault of the caller, Upstream when it fails or leads elsewhere,
 *   UpstreamTimeout after 30 s; the signal's reason
 */
export async function askTitiler(guard: Guard, url: URL, signal: AbortSignal): Promise<TitilerPicture> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS);
  const { status, type = 'application/octet-stream', bytes } = await fetchDocument(guard, url, { signal: AbortSignal.any([signal, deadline]), limit: MAX_BYTES }).catch((error: unknown) => {
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
