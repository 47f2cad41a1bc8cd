/** `WMTSCapabilities.xml` of searches and collections: layers that QGIS and ArcGIS add by their address. */
import { flag, text } from '../schemas/parameters.js';
import { tileFormat, zooms } from '../schemas/titiler.js';
import { WORLD } from '../src/geojson.js';
import { paths } from '../src/links.js';
import { renderQuery } from '../src/searches/renders.js';
import type { Target } from '../src/searches/target.js';
import { type Coverage, zoomsOf } from '../src/searches/tilejson.js';
import type { TileMatrixSetId } from '../src/tiles/matrices.js';
import { setsOver, tileLimits } from '../src/tiles/tile-limits.js';
import { type WmtsLayer, wmtsCapabilities } from '../src/tiles/wmts.js';
import { type Call, operation, type Operation, param } from './http.js';
import { LIVE, type TargetKind, upper } from './mosaics.js';
import { coveredTarget, parametersOf } from './tilejson.js';

/** What WMTS clients add to any address, in whatever case; it changes nothing here. */
const OF_CLIENTS = ['service', 'request', 'version', 'acceptversions', 'sections', 'updatesequence', 'acceptformats'];
const clientParameters = Object.fromEntries([...OF_CLIENTS, ...OF_CLIENTS.map((name) => name.toUpperCase()), 'Service', 'Request', 'Version', 'AcceptVersions', 'Sections', 'AcceptFormats'].map((name) => [name, text('Of WMTS clients; changes nothing.')]));

const MEDIA = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', webp: 'image/webp', tif: 'image/tiff', npy: 'application/x-npy' } as const;

/** What is not for the URL of tiles; their size is the matrix set's. */
const NOT_OF_TILES = new Set(['tile_format', 'use_epsg', 'tilesize', 'zooms', ...OF_CLIENTS]);

interface Layer {
  readonly name: string;
  readonly query: string;
}

/** Those that the metadata names, then the one that the caller's own parameters draw. */
function layersOf(target: Target, search: URLSearchParams): Layer[] {
  const own = new URLSearchParams([...search].filter(([name]) => !NOT_OF_TILES.has(name.toLowerCase())));
  const named = Object.entries(target.renders).map(([name, render]) => {
    const { tilesize: _size, minzoom: _min, maxzoom: _max, ...rest } = render;
    return { name, query: renderQuery(rest) };
  });
  return [...named, { name: 'default', query: own.toString() }];
}

type Zooms = Readonly<Record<string, readonly [number, number]>>;

function wmtsLayers(root: string, id: string, target: Target, coverage: Coverage, format: string, { search, asked }: { search: URLSearchParams; asked: Zooms }): WmtsLayer[] {
  const bounds = coverage.bounds ?? WORLD;
  const each = (layer: Layer, tms: TileMatrixSetId): WmtsLayer => {
    const [minzoom, maxzoom] = asked[tms] ?? asked['*'] ?? [];
    const zoomed = zoomsOf(target, tms, coverage, { ...(minzoom === undefined ? {} : { minzoom }), ...(maxzoom === undefined ? {} : { maxzoom }) });
    return {
      identifier: `${id}_${tms}_${layer.name}`,
      title: `${target.name}: ${layer.name}, ${tms}`,
      bounds,
      tms,
      limits: tileLimits(tms, bounds, zoomed.minzoom, zoomed.maxzoom),
      template: `${root}/tiles/${tms}/{TileMatrix}/{TileCol}/{TileRow}.${format}${layer.query === '' ? '' : `?${layer.query}`}`,
    };
  };
  const sets = setsOver(bounds);
  return layersOf(target, search).flatMap((layer) => sets.map((tms) => each(layer, tms)));
}

export const capabilities = (kind: Exclude<TargetKind, 'dataset'>): Operation =>
  operation({
    id: `get${upper(kind)}Wmts`,
    summary: `WMTS capabilities of a ${kind}`,
    tag: 'Tilesets',
    query: {
      tile_format: tileFormat,
      use_epsg: flag('Names CRSs as EPSG:3857, for ArcMap.'),
      zooms,
      ...parametersOf(kind),
      ...clientParameters,
    },
    answers: { 200: { description: 'Capabilities', type: 'application/xml' } },
    async handle(call: Call) {
      const { tile_format: format = 'png', use_epsg: useEpsg = false, zooms: asked = {} } = call.query as { tile_format?: keyof typeof MEDIA; use_epsg?: boolean; zooms?: Zooms };
      const { target, coverage } = await coveredTarget(kind, call);
      const id = kind === 'search' ? param(call, 'searchId') : param(call, 'collectionId');
      const root = call.base + (kind === 'search' ? paths.search(id) : paths.collection(id));
      const layers = wmtsLayers(root, id, target, coverage, format, { search: call.search, asked });
      const said = call.search.size === 0 ? '' : `?${call.search.toString()}`;
      const url = `${root}/WMTSCapabilities.xml${said}`;
      return { type: 'application/xml', text: wmtsCapabilities({ title: target.name, url, site: call.base, format: MEDIA[format], useEpsg, layers }), headers: LIVE };
    },
  });
