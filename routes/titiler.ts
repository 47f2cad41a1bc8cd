/** Tiles that a TiTiler draws for us, under our own paths. */
import { performance } from 'node:perf_hooks';
import { notImplemented } from '../src/errors.js';
import { paths, withRootPath } from '../src/links.js';
import type { Target } from '../src/searches/target.js';
import { askTitiler, titilerUrl, type TitilerConfig, type TitilerPicture } from '../src/titiler/proxy.js';
import type { TileRenderer } from '../src/tiles/renderer.js';
import type { Call, Reply } from './http.js';
import type { TargetKind } from './mosaics.js';

type Asked = Pick<Call, 'services' | 'params' | 'search' | 'signal' | 'base'>;

const CACHED = 'public, max-age=60';

/** A tile of a target; z, x and y as the path has them. */
export function titilerTile(titiler: TitilerConfig, call: Asked, kind: TargetKind, target: Target, place: { tms: string; z: string; x: string; y: string }): Promise<TitilerPicture> {
  const { config } = call.services;
  const { collectionId = '', datasetId = '' } = call.params;
  const base = config.publicUrl === undefined ? call.base : withRootPath(config.publicUrl, config.rootPath);
  const id = target.searchId ?? '';
  const mosaic = { collection: `${paths.collection(collectionId)}/mosaic.json`, dataset: paths.datasetMosaic(datasetId), search: `${paths.search(id)}/mosaic.json` }[kind];
  const subject = { search: kind === 'collection' ? { collection: collectionId } : { id }, mosaic: base + mosaic, asset: target.asset ?? 'data' };
  return askTitiler(call.services.titiler, titilerUrl(titiler, subject, { ...place, query: call.search }), call.signal);
}

export async function titilerReply(titiler: TitilerConfig, call: Asked, kind: TargetKind, target: Target): Promise<Reply> {
  const { tileMatrixSetId: tms = 'WebMercatorQuad', z = '', x = '', y = '' } = call.params;
  const began = performance.now();
  const { bytes, type } = await titilerTile(titiler, call, kind, target, { tms, z, x, y });
  const headers = { 'Cache-Control': CACHED, 'Server-Timing': `titiler;dur=${(performance.now() - began).toFixed(1)}` };
  return bytes === undefined ? { status: 204, headers } : { text: bytes, type, headers };
}

/** Draws whole pictures of TiTiler's tiles; the caller's own parameters are not of tiles. */
export const titilerRenderer = (titiler: TitilerConfig, call: Asked, kind: TargetKind, target: Target): Pick<TileRenderer, 'render'> => ({
  async render(request) {
    if (!('tms' in request)) throw notImplemented('TiTiler is asked for tiles only.');
    const { tms, z, x, y, tileSize } = request;
    const place = { tms, z: String(z), x: String(x), y: `${y}.png` };
    const { bytes, type } = await titilerTile(titiler, { ...call, search: new URLSearchParams({ tilesize: String(tileSize) }) }, kind, target, place);
    return { bytes: bytes ?? Buffer.alloc(0), contentType: type, empty: bytes === undefined, used: [], failed: [] };
  },
});
