/** TileJSON of searches, collections and datasets, computed at each request. */
import { jsonAnswer } from '../schemas/documents.js';
import { drawParameters, narrowing, narrowParameters, tileFormat, zoomParameters } from '../schemas/titiler.js';
import { notFound } from '../src/errors.js';
import { narrowTarget, type Target } from '../src/searches/target.js';
import { asOfNow } from '../src/pgstac/as-of-now.js';
import { type Coverage, coverageOf, tileJsonOf } from '../src/searches/tilejson.js';
import { isTileMatrixSetId, type TileMatrixSetId } from '../src/tiles/matrices.js';
import { type Call, type Operation, operation } from './http.js';
import { LIVE, type TargetKind, targets, upper } from './mosaics.js';

/** Without one it is WebMercatorQuad. @throws NotFound */
export function tmsOf({ params }: Pick<Call, 'params'>): TileMatrixSetId {
  const tms = params['tileMatrixSetId'] ?? 'WebMercatorQuad';
  if (!isTileMatrixSetId(tms)) throw notFound(`Tile matrix set ${tms}`);
  return tms;
}

/** Names the parameters that say which items of a target are meant: of a collection those of a search, of the catalog its collections. */
const narrowingNames: Readonly<Record<TargetKind, readonly string[]>> = { collection: Object.keys(narrowParameters), catalog: ['collections'], search: [], dataset: [] };

/** What of the query says which target it is. */
export const narrowingOf = (kind: TargetKind, search: URLSearchParams): [string, string][] => [...search].filter(([name]) => narrowingNames[kind].includes(name));

/** A target as the query narrows it. */
export async function narrowedTarget(kind: TargetKind, call: Pick<Call, 'services' | 'params' | 'query' | 'visibility'>): Promise<Target> {
  const target = await targets[kind](call);
  return kind === 'collection' ? narrowTarget(target, narrowing(call.query)) : target;
}

/** What a target is and where it lies, of this moment. */
interface Covered {
  readonly target: Target;
  readonly coverage: Coverage;
}

const REMEMBERED = 1000;
const covered = asOfNow<Covered>(REMEMBERED);

/** Found again only after somebody has written to the database; every look is a use of the target's search. @throws NotFound */
export async function coveredTarget(kind: TargetKind, call: Pick<Call, 'services' | 'params' | 'query' | 'search' | 'visibility'>): Promise<Covered> {
  const { services, params } = call;
  let isRead = false;
  const key = JSON.stringify([kind, params['searchId'], params['collectionId'], params['datasetId'], narrowingOf(kind, call.search), call.visibility.hidden]);
  const found = await covered(services.database.pool, key, async () => {
    isRead = true;
    const target = await narrowedTarget(kind, call);
    return { target, coverage: await coverageOf(services, target) };
  });
  if (!isRead && found.target.searchId !== undefined) await services.searchUse.used(found.target.searchId);
  return found;
}

/** The parameters of a route that draws, by what it draws. */
export const parametersOf = (kind: TargetKind): typeof drawParameters & Partial<typeof narrowParameters> => ({ ...drawParameters, ...(kind === 'collection' ? narrowParameters : {}) });

/** What is left for the URL of tiles: everything but what describes the whole. */
export function tilesQuery(search: URLSearchParams, without: readonly string[] = ['minzoom', 'maxzoom', 'tile_format', 'f']): string {
  const query = new URLSearchParams(search);
  for (const name of without) query.delete(name);
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** Where the tiles of a target are, below its own path. */
function tilesTemplate(kind: TargetKind, { base, path, search }: Pick<Call, 'base' | 'path' | 'search'>, format: string | undefined): string {
  const root = kind === 'dataset' ? path.replace(/\/tilejson\.json$/, '/tiles') : path.replace(/\/([^/]+)\/tilejson\.json$/, '/tiles/$1');
  return `${base}${root}/{z}/{x}/{y}${format === undefined ? '' : `.${format}`}${tilesQuery(search)}`;
}

export const tilejson = (kind: TargetKind): Operation =>
  operation({
    id: `get${upper(kind)}TileJson`,
    summary: `TileJSON of a ${kind}: bounds and zooms of its items as they are now`,
    tag: 'Mosaics',
    query: { tile_format: tileFormat, ...zoomParameters, ...parametersOf(kind) },
    answers: { 200: jsonAnswer('TileJSON 3.0.0', 'tilejson') },
    async handle(call) {
      const tms = tmsOf(call);
      const { target, coverage } = await coveredTarget(kind, call);
      const { minzoom, maxzoom, tile_format: format } = call.query;
      const body = tileJsonOf(target, coverage, {
        tiles: tilesTemplate(kind, call, format),
        tms,
        ...(minzoom === undefined ? {} : { minzoom }),
        ...(maxzoom === undefined ? {} : { maxzoom }),
      });
      return { body, headers: LIVE };
    },
  });
