/** The MosaicJSON that `url` names: our own are made or read here, without a request to ourselves; others are fetched from allowed hosts. */
import { gunzipSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { parseQuery } from '../schemas/parameters.js';
import { mosaicParameters, mosaicRequest } from '../schemas/mosaics.js';
import type { Config } from '../src/config.js';
import { DATASETS } from '../src/datasets/collections.js';
import { invalidInput, messageOf, notFound } from '../src/errors.js';
import { withRootPath } from '../src/links.js';
import { type MosaicDocument, readMosaicDocument } from '../src/mosaics/read.js';
import { mosaicOf } from '../src/searches/mosaic.js';
import { blobUrl } from '../src/storage/azure-hrefs.js';
import { Refused } from '../src/storage/hosts.js';
import { shownHref } from '../src/storage/source.js';
import type { Call } from './http.js';
import { targets } from './mosaics.js';

type Asked = Pick<Call, 'services' | 'base' | 'signal' | 'visibility' | 'caller'>;

/** The largest document; unpacked, that is. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Parsed, a document is about three times its text. */
const CACHE_BYTES = 64 * 1024 * 1024;
/** After so long a document of another host is asked for again. */
const FOREIGN_MS = 60_000;

interface Known {
  readonly mosaic: MosaicDocument;
  readonly bytes: number;
}

const documents = new LRUCache<string, Known>({ maxSize: CACHE_BYTES, sizeCalculation: ({ bytes }) => bytes + 1000 });

/**
 * @throws InvalidInput for a host that is not allowed and for what is no MosaicJSON, NotFound for a mosaic of ours that is not there,
 *   Upstream and UpstreamTimeout
 */
export async function mosaicAt(call: Asked, url: string): Promise<MosaicDocument> {
  const own = ownPath(call, url);
  if (own !== undefined) return ownMosaic(call, own);
  assertNameable(call, [url]);
  const key = `foreign:${url}`;
  const mosaic = documents.get(key)?.mosaic ?? parsed(key, await fetched(call, url), FOREIGN_MS);
  foreign.add(mosaic);
  return mosaic;
}

/** Documents that are not ours: what they name is no more than what whoever asks names. */
const foreign = new WeakSet<MosaicDocument>();

/** Before hrefs of a document are drawn. @throws Refused where they are another's to name */
export function assertDrawable(call: Pick<Call, 'services' | 'caller'>, mosaic: MosaicDocument, hrefs: readonly string[]): void {
  if (foreign.has(mosaic)) assertNameable(call, hrefs);
}

/**
 * Whoever may write may post any href and have it drawn. The others see files and blobs, which are read with the server's own
 * rights, through the catalogue alone, unless MOSAICJSON_ASSETS says that they are everybody's.
 */
function assertNameable({ services: { access, config, sources }, caller }: Pick<Call, 'services' | 'caller'>, hrefs: readonly string[]): void {
  if (access.allows(caller, 'write')) return;
  const refused = hrefs.find((href) => sources.needsOwnRights(href) && !isBelow(config, href));
  if (refused !== undefined) throw new Refused(`${shownHref(refused)}: this server reads it with rights of its own, and so for those alone who may write, unless it is below MOSAICJSON_ASSETS.`);
}

function isBelow({ mosaicAssets, azure }: Pick<Config, 'mosaicAssets' | 'azure'>, href: string): boolean {
  const plain = href.replace(/^\/vsicurl\//, '');
  const url = blobUrl(plain, azure) ?? urlOf(plain);
  // An encoded slash may be one to whoever reads the name.
  return url !== undefined && !/%2f|%5c/i.test(url.pathname) && mosaicAssets.some((folder) => url.href.startsWith((blobUrl(folder, azure) ?? new URL(folder)).href));
}

function parsed(key: string, text: string, ttl: number): MosaicDocument {
  const mosaic = readMosaicDocument(text);
  documents.set(key, { mosaic, bytes: text.length }, { ttl });
  return mosaic;
}

/** Path and query below our base; undefined for URLs of others. */
function ownPath({ services: { config }, base }: Asked, url: string): URL | undefined {
  const bases = [base, ...(config.publicUrl === undefined ? [] : [withRootPath(config.publicUrl, config.rootPath)])];
  const below = url.startsWith('/') && !url.startsWith('//') && !url.startsWith('/vsi') ? url : bases.filter((ours) => url.startsWith(`${ours}/`)).map((ours) => url.slice(ours.length))[0];
  const path = below ?? storedPath(config, url);
  return path === undefined ? undefined : new URL(`http://ours${path}`);
}

/** As they are compared: decoded, since a store takes a letter and its percent-encoding for the same. */
function plainly(url: URL | undefined): string | undefined {
  try {
    return url === undefined ? undefined : decodeURIComponent(`${url.protocol}//${url.host}${url.pathname.replace(/\/+/g, '/')}`);
  } catch {
    return undefined;
  }
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

/** What lies in our own store is one of our files however it is spelled: the server's own rights there are not the caller's. */
function storedPath({ storageUrl, azure }: Pick<Config, 'storageUrl' | 'azure'>, url: string): string | undefined {
  const plain = url.replace(/^\/vsicurl\//, '');
  const store = plainly(urlOf(`${storageUrl}/metadata/`));
  const name = plainly(blobUrl(plain, azure) ?? urlOf(plain));
  return store !== undefined && name?.startsWith(store) === true ? `/files/metadata/${name.slice(store.length)}` : undefined;
}

const PATHS = [
  [/^\/searches\/([^/]+)\/mosaic\.json$/, 'search', 'searchId'],
  [/^\/collections\/([^/]+)\/mosaic\.json$/, 'collection', 'collectionId'],
  [/^\/api\/datasets\/([^/]+)\/mosaic\.json$/, 'dataset', 'datasetId'],
] as const;

async function ownMosaic({ services, signal, visibility }: Asked, { pathname, searchParams }: URL): Promise<MosaicDocument> {
  for (const [pattern, kind, name] of PATHS) {
    const id = pattern.exec(pathname)?.[1];
    if (id === undefined) continue;
    const target = await targets[kind]({ services, visibility, params: { [name]: decodeURIComponent(id) } });
    // What is kept here outlives signatures, and is read with the server's own rights.
    const { href: _href, ...request } = mosaicRequest(parseQuery(mosaicParameters, searchParams, true));
    const { version, document } = await mosaicOf(services, target, request, signal);
    return documents.get(`ours:${version}`)?.mosaic ?? parsed(`ours:${version}`, await gathered(document()), 0);
  }
  const stored = /^\/files\/(metadata\/mosaics\/[^/]+\.json)$/.exec(pathname)?.[1];
  if (stored === undefined) throw invalidInput('This URL of ours is no mosaic: give …/mosaic.json of a search, a collection or a dataset.');
  const blob = visibility.hidden.includes(DATASETS) ? undefined : await services.blobs.get(stored);
  if (blob === undefined) throw notFound(`The file ${stored}`);
  const key = `stored:${stored}:${blob.etag}`;
  return documents.get(key)?.mosaic ?? parsed(key, await gathered(blob.content), 0);
}

async function gathered(pieces: AsyncIterable<string | Uint8Array>): Promise<string> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece);
    size += bytes.length;
    if (size > MAX_BYTES) throw tooLarge();
    read.push(bytes);
  }
  return Buffer.concat(read).toString('utf8');
}

async function fetched({ services, signal }: Asked, url: string): Promise<string> {
  const source = await services.sources.open(url);
  const bytes = Buffer.from(await source.fetch(0, MAX_BYTES + 1, { signal }));
  if (bytes.length > MAX_BYTES) throw tooLarge();
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES }).toString('utf8');
  } catch (error) {
    throw invalidInput(`${shownHref(url)}: it cannot be unpacked (${messageOf(error)}).`);
  }
}

const tooLarge = (): Error => invalidInput(`A MosaicJSON may have ${MAX_BYTES / 1024 / 1024} MB here; narrow it by bbox or a smaller quadkey_zoom.`);
