/** Tiles that a TiTiler draws for us, under our own paths. */
import { performance } from 'node:perf_hooks';
import { ANYBODY } from '../src/access/scopes.js';
import { DATASETS, SYSTEM_TILES } from '../src/datasets/collections.js';
import { notImplemented } from '../src/errors.js';
import { paths, withRootPath } from '../src/links.js';
import type { Target } from '../src/searches/target.js';
import { askTitiler, titilerUrl, type TitilerConfig, type TitilerPicture } from '../src/titiler/proxy.js';
import type { TileRenderer } from '../src/tiles/renderer.js';
import type { Call, Reply } from './http.js';
import type { TargetKind } from './mosaics.js';

/** What TiTiler has a name for. */
type Named = Exclude<TargetKind, 'catalog'>;

type Asked = Pick<Call, 'services' | 'params' | 'search' | 'signal' | 'base' | 'body'>;

/**
 * The TiTiler that draws a target for this caller. One on the database sees every collection, one that asks for our mosaics
 * what anybody sees: where that is not what the caller sees, tiles are drawn here.
 */
export function titilerFor({ services: { config, access }, visibility }: Pick<Call, 'services' | 'visibility'>, { selection: { collections = [] } }: Pick<Target, 'selection'>): TitilerConfig | undefined {
  const { titiler } = config;
  const isOpen = access.isPublic('read');
  if (titiler === undefined || (isOpen && !access.hasPrivate)) return titiler;
  const isNamed = collections.length > 0;
  if (titiler.kind === 'pgstac') return isNamed || visibility.hidden.every((id) => id === SYSTEM_TILES) ? titiler : undefined;
  const { hidden } = access.visibility(ANYBODY);
  const isSame = isNamed ? collections.every((id) => !hidden.includes(id === SYSTEM_TILES ? DATASETS : id)) : hidden.length === visibility.hidden.length;
  return isOpen && isSame ? titiler : undefined;
}

const CACHED = 'public, max-age=60';

/** @param path below TiTiler's own path of the target: `['tiles', tms, z, x, y]` */
function titilerAnswer(titiler: TitilerConfig, call: Asked, kind: Named, target: Target, path: readonly string[]): Promise<TitilerPicture> {
  const { config } = call.services;
  const { collectionId = '', datasetId = '' } = call.params;
  const base = config.publicUrl === undefined ? call.base : withRootPath(config.publicUrl, config.rootPath);
  const id = target.searchId ?? '';
  const mosaic = { collection: `${paths.collection(collectionId)}/mosaic.json`, dataset: paths.datasetMosaic(datasetId), search: `${paths.search(id)}/mosaic.json` }[kind];
  const subject = { search: kind === 'collection' ? { collection: collectionId } : { id }, mosaic: base + mosaic, asset: target.usualAsset ?? target.asset ?? 'data' };
  return askTitiler(call.services.titiler, titilerUrl(titiler, subject, { path, query: call.search }), call.signal, call.body);
}

export async function titilerReply(titiler: TitilerConfig, call: Asked, kind: Named, target: Target, path: readonly string[]): Promise<Reply> {
  const began = performance.now();
  const { bytes, type } = await titilerAnswer(titiler, call, kind, target, path);
  const headers = { 'Cache-Control': CACHED, 'Server-Timing': `titiler;dur=${(performance.now() - began).toFixed(1)}` };
  return bytes === undefined ? { status: 204, headers } : { text: bytes, type, headers };
}

/** Draws whole pictures of TiTiler's tiles; the caller's own parameters are not of tiles. */
export const titilerRenderer = (titiler: TitilerConfig, call: Asked, kind: Named, target: Target): Pick<TileRenderer, 'render'> => ({
  async render(request) {
    if (!('tms' in request)) throw notImplemented('TiTiler is asked for tiles only.');
    const { tms, z, x, y, tileSize } = request;
    const path = ['tiles', tms, String(z), String(x), `${y}.png`];
    const { bytes, type } = await titilerAnswer(titiler, { ...call, search: new URLSearchParams({ tilesize: String(tileSize) }) }, kind, target, path);
    return { bytes: bytes ?? Buffer.alloc(0), contentType: type, empty: bytes === undefined, used: [], failed: [] };
  },
});
