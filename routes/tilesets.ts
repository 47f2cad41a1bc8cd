/** Tilesets and tile matrix sets: OGC API - Tiles 1.0 (20-057) over what titiler-pgstac serves as tiles. */
import { jsonAnswer } from '../schemas/documents.js';
import { text } from '../schemas/parameters.js';
import { searchParameters } from '../schemas/search.js';
import { drawParameters, zoomParameters } from '../schemas/titiler.js';
import { invalidAt } from '../src/errors.js';
import { type Bbox, WORLD } from '../src/geojson.js';
import { HTML_TYPE, JSON_TYPE, type Link, paths } from '../src/links.js';
import { zoomsOf } from '../src/searches/tilejson.js';
import { CRS84_URI, crsOf, scaleSetOf, tileMatrixSetDocument, titleOf, tmsUri } from '../src/tiles/matrix-documents.js';
import { TILE_MATRIX_SET_IDS, type TileMatrixSetId } from '../src/tiles/matrices.js';
import { setsOver, tileLimits } from '../src/tiles/tile-limits.js';
import { type Call, operation, type Operation, param } from './http.js';
import { LIVE, type TargetKind, upper } from './mosaics.js';
import { coveredTarget, tilesQuery, tmsOf } from './tilejson.js';
import { tile } from './tiles.js';

const tag = 'Tilesets';
const TILING_SCHEME = 'http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme';

/** Those that have tilesets; a dataset is drawn through its search. */
type Tiled = Exclude<TargetKind, 'dataset'>;

const roots: Readonly<Record<Tiled, (call: Pick<Call, 'params'>) => string>> = {
  search: (call) => paths.search(param(call, 'searchId')),
  collection: (call) => paths.collection(param(call, 'collectionId')),
  catalog: () => '',
};

const schemeLink = (base: string, id: TileMatrixSetId): Link => ({ rel: TILING_SCHEME, href: `${base}/tileMatrixSets/${id}`, type: JSON_TYPE, title: `Definition of ${id}` });

const boundingBox = ([west, south, east, north]: Bbox): object => ({ lowerLeft: [west, south], upperRight: [east, north], crs: CRS84_URI });

/** Tiles by OGC's names for their places (requirement /req/tileset/…: rel `item`), and by titiler's (rel `tile`). */
function tilesetLinks(kind: Tiled, call: Call, id: TileMatrixSetId, query: string): Link[] {
  const root = call.base + roots[kind](call);
  const tileset = kind === 'search' ? `${root}/tiles/${id}` : `${root}/map/tiles/${id}`;
  const place = kind === 'search' ? '{tileMatrix}/{tileCol}/{tileRow}' : '{tileMatrix}/{tileRow}/{tileCol}';
  return [
    { rel: 'self', href: tileset + query, type: JSON_TYPE, title: `Tileset tiled using ${id}` },
    { rel: 'item', href: `${tileset}/${place}${query}`, type: 'image/png', templated: true, title: 'Map tiles (URL template)' },
    schemeLink(call.base, id),
    ...(kind === 'catalog' ? [] : ofTitiler(root, id, query)),
  ];
}

/** What the catalog as a whole does not have: tiles at TiTiler's addresses, TileJSON and a map. */
const ofTitiler = (root: string, id: TileMatrixSetId, query: string): Link[] => [
  { rel: 'tile', href: `${root}/tiles/${id}/{z}/{x}/{y}${query}`, templated: true, title: 'Map tiles (URL template)' },
  { rel: 'describedby', href: `${root}/${id}/tilejson.json${query}`, type: JSON_TYPE, title: 'TileJSON' },
  ...(id === 'WebMercatorQuad' ? [{ rel: 'data', href: `${root}/${id}/map.html${query}`, type: HTML_TYPE, title: 'Map viewer' }] : []),
];

const tileset = (id: TileMatrixSetId, bounds: Bbox | undefined): object => ({
  title: `Tileset tiled using ${id}`,
  dataType: 'map',
  crs: crsOf(id),
  tileMatrixSetURI: tmsUri(id),
  boundingBox: boundingBox(bounds ?? WORLD),
});

/** `collections` of the catalog (20-057, requirements class collections-selection). */
const selecting = (kind: Tiled): Pick<typeof searchParameters, 'collections'> | Record<string, never> => (kind === 'catalog' ? { collections: searchParameters.collections } : {});
const crs = { crs: text('The CRS of the bounding boxes: CRS84 or EPSG:4326.') };

export const list = (kind: Tiled, id: string): Operation =>
  operation({
    id,
    summary: `The tilesets of a ${kind}`,
    tag,
    query: { ...drawParameters, ...crs, ...selecting(kind) },
    answers: { 200: jsonAnswer('One tileset for each tile matrix set', 'tilesets') },
    async handle(call) {
      const { crs: wanted } = call.query;
      if (wanted !== undefined && !/(CRS84|4326)$/.test(wanted)) throw invalidAt('crs', `must be CRS84 or EPSG:4326, not ${JSON.stringify(wanted)}`);
      const { coverage: { bounds } } = await coveredTarget(kind, call);
      const said = tilesQuery(call.search, ['crs', 'f']);
      return {
        body: {
          links: [{ rel: 'self', href: `${call.base}${call.path}`, type: JSON_TYPE }],
          tilesets: setsOver(bounds ?? WORLD).map((tms) => ({ ...tileset(tms, bounds), links: tilesetLinks(kind, call, tms, said) })),
        },
        headers: LIVE,
      };
    },
  });

export const read = (kind: Tiled, id: string): Operation =>
  operation({
    id,
    summary: `One tileset of a ${kind}: where it has tiles`,
    tag,
    query: { ...zoomParameters, ...drawParameters, ...selecting(kind) },
    answers: { 200: jsonAnswer('The tileset', 'tileset') },
    async handle(call) {
      const tms = tmsOf(call);
      const { target, coverage } = await coveredTarget(kind, call);
      const { minzoom, maxzoom } = zoomsOf(target, tms, coverage, call.query);
      return {
        body: {
          ...tileset(tms, coverage.bounds),
          tileMatrixSetLimits: tileLimits(tms, coverage.bounds ?? WORLD, minzoom, maxzoom),
          links: tilesetLinks(kind, call, tms, tilesQuery(call.search, ['minzoom', 'maxzoom', 'f'])),
        },
        headers: LIVE,
      };
    },
  });

/** The same tile by OGC's order: matrix, row, column. */
export const tileByRow = (kind: Tiled): Operation => {
  const drawn = tile(kind);
  return {
    ...drawn,
    id: `get${upper(kind)}MapTileByRow`,
    handle: ({ params: { tileMatrix = '', tileRow = '', tileCol = '', ...params }, ...call }) => drawn.handle({ ...call, params: { ...params, z: tileMatrix, x: tileCol, y: tileRow } }),
  };
};

export const matrixSets = operation({
  id: 'getTileMatrixSets',
  summary: 'The tile matrix sets in which tiles are drawn',
  tag,
  answers: { 200: jsonAnswer('Tile matrix sets', 'tileMatrixSets') },
  handle: ({ base }) => ({
    body: {
      tileMatrixSets: TILE_MATRIX_SET_IDS.map((id) => ({
        id,
        title: titleOf(id),
        uri: tmsUri(id),
        crs: crsOf(id),
        ...(scaleSetOf(id) === undefined ? {} : { wellKnownScaleSet: scaleSetOf(id) }),
        links: [{ rel: 'self', href: `${base}/tileMatrixSets/${id}`, type: JSON_TYPE, title: id }, schemeLink(base, id)],
      })),
      links: [{ rel: 'self', href: `${base}/tileMatrixSets`, type: JSON_TYPE }],
    },
  }),
});

export const matrixSet = operation({
  id: 'getTileMatrixSet',
  summary: 'One tile matrix set (OGC TMS 2.0)',
  tag,
  answers: { 200: jsonAnswer('The tile matrix set', 'tileMatrixSet') },
  handle: (call) => ({ body: tileMatrixSetDocument(tmsOf(call)) }),
});
