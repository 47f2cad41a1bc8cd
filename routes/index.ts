/** The URL table: every route of the server on one screen. */
import * as aggregation from './aggregation.js';
import * as children from './children.js';
import * as collections from './collections.js';
import * as colormaps from './colormaps.js';
import * as datasets from './datasets.js';
import * as etlCollections from './etl-collections.js';
import * as files from './files.js';
import * as health from './health.js';
import { del, get, patch, post, put, type Route } from './http.js';
import * as itemAssets from './item-assets.js';
import * as items from './items.js';
import * as jobs from './jobs.js';
import * as landing from './landing.js';
import * as maps from './maps.js';
import * as mosaicjson from './mosaicjson.js';
import * as mosaics from './mosaics.js';
import * as parts from './parts.js';
import * as queryables from './queryables.js';
import * as search from './search.js';
import * as searches from './searches.js';
import * as tilejson from './tilejson.js';
import * as tiles from './tiles.js';
import * as tilesets from './tilesets.js';
import * as values from './values.js';
import * as wmts from './wmts.js';

const table = (): readonly Route[] => routes;

export const routes: readonly Route[] = [
  get('/', landing.landing),
  get('/conformance', landing.conformance),
  get('/api', landing.description(table)),
  get('/api.html', landing.documentation(table)),
  get('/healthz', health.healthz),
  get('/health/live', health.live),
  get('/health/ready', health.ready),
  get('/metrics', health.metrics),

  get('/tileMatrixSets', tilesets.matrixSets),
  get('/tileMatrixSets/{tileMatrixSetId}', tilesets.matrixSet),

  get('/colorMaps', colormaps.list),
  get('/colorMaps/{colorMapId}', colormaps.read),

  get('/map/tiles', tilesets.list('catalog', 'getMapTilesets')),
  get('/map/tiles/{tileMatrixSetId}', tilesets.read('catalog', 'getMapTileset')),
  get('/map/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}', tilesets.tileByRow('catalog')),

  get('/search', search.byGet),
  post('/search', search.byPost),
  get('/queryables', queryables.ofAll),
  get('/sortables', queryables.sortablesOfAll),
  get('/aggregations', aggregation.listAll),
  get('/aggregate', aggregation.byGet),
  post('/aggregate', aggregation.byPost),

  get('/children', children.children),
  get('/collections', collections.list),
  get('/collection-queryables', collections.queryables),
  get('/collection-sortables', collections.sortables),
  post('/collections', collections.create),
  get('/collections/{collectionId}', collections.read),
  put('/collections/{collectionId}', collections.replace),
  patch('/collections/{collectionId}', collections.change),
  del('/collections/{collectionId}', collections.remove),
  get('/collections/{collectionId}/queryables', queryables.ofCollection),
  get('/collections/{collectionId}/sortables', queryables.sortablesOfCollection),
  get('/collections/{collectionId}/browse', children.browse),
  get('/collections/{collectionId}/aggregations', aggregation.listOfCollection),
  get('/collections/{collectionId}/aggregate', aggregation.ofCollectionByGet),
  post('/collections/{collectionId}/aggregate', aggregation.ofCollectionByPost),
  get('/collections/{collectionId}/info', searches.infoOfCollection),
  get('/collections/{collectionId}/mosaic.json', mosaics.mosaic('collection')),
  get('/collections/{collectionId}/{tileMatrixSetId}/tilejson.json', tilejson.tilejson('collection')),
  get('/collections/{collectionId}/{tileMatrixSetId}/map.html', maps.map('collection')),
  get('/collections/{collectionId}/WMTSCapabilities.xml', wmts.capabilities('collection')),
  get('/collections/{collectionId}/tiles', tilesets.list('collection', 'getCollectionTilesets')),
  get('/collections/{collectionId}/tiles/{tileMatrixSetId}', tilesets.read('collection', 'getCollectionTileset')),
  get('/collections/{collectionId}/map/tiles', tilesets.list('collection', 'getCollectionMapTilesets')),
  get('/collections/{collectionId}/map/tiles/{tileMatrixSetId}', tilesets.read('collection', 'getCollectionMapTileset')),
  get('/collections/{collectionId}/map/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}', tilesets.tileByRow('collection')),
  get('/collections/{collectionId}/tiles/{tileMatrixSetId}/{z}/{x}/{y}', tiles.tile('collection')),
  get('/collections/{collectionId}/tiles/{tileMatrixSetId}/{z}/{x}/{y}/assets', itemAssets.ofTile('collection')),
  get('/collections/{collectionId}/point/{lon},{lat}/assets', itemAssets.ofPoint('collection')),
  get('/collections/{collectionId}/bbox/{minx},{miny},{maxx},{maxy}/assets', itemAssets.ofBox('collection')),
  get('/collections/{collectionId}/point/{lon},{lat}', values.point('collection')),
  get('/collections/{collectionId}/bbox/{minx},{miny},{maxx},{maxy}', parts.box('collection')),
  get('/collections/{collectionId}/bbox/{minx},{miny},{maxx},{maxy}/{width}x{height}.{format}', parts.box('collection', 'Sized')),
  post('/collections/{collectionId}/feature', parts.feature('collection')),
  post('/collections/{collectionId}/feature.{format}', parts.feature('collection', 'Format')),
  post('/collections/{collectionId}/feature/{width}x{height}.{format}', parts.feature('collection', 'Sized')),
  post('/collections/{collectionId}/statistics', values.statistics('collection')),
  get('/collections/{collectionId}/items', items.readAll),
  post('/collections/{collectionId}/items', items.create),
  post('/collections/{collectionId}/bulk_items', items.bulk),
  get('/collections/{collectionId}/items/{itemId}', items.read),
  put('/collections/{collectionId}/items/{itemId}', items.replace),
  patch('/collections/{collectionId}/items/{itemId}', items.change),
  del('/collections/{collectionId}/items/{itemId}', items.remove),

  get('/api/datasets', datasets.list),
  post('/api/datasets', datasets.create),
  get('/api/datasets/{datasetId}', datasets.read),
  put('/api/datasets/{datasetId}', datasets.replace),
  del('/api/datasets/{datasetId}', datasets.remove),
  get('/api/datasets/{datasetId}/metadata', datasets.metadata),
  get('/api/datasets/{datasetId}/mosaic.json', mosaics.mosaic('dataset')),
  get('/api/datasets/{datasetId}/tilejson.json', tilejson.tilejson('dataset')),
  get('/api/datasets/{datasetId}/map.html', maps.map('dataset')),
  get('/api/datasets/{datasetId}/preview', tiles.preview),
  get('/api/datasets/{datasetId}/tiles', datasets.tiles),
  get('/api/datasets/{datasetId}/tiles/{tileId}', datasets.tile),
  get('/api/datasets/{datasetId}/tiles/{z}/{x}/{y}', tiles.tile('dataset')),

  post('/api/collections', etlCollections.create),

  post('/api/jobs', jobs.create),
  get('/api/jobs/{jobId}', jobs.read),
  del('/api/jobs/{jobId}', jobs.cancel),
  put('/api/jobs/{jobId}/tasks/{index}', jobs.report),
  post('/api/jobs/{jobId}/complete', jobs.complete),

  post('/mosaic', mosaics.posted),
  post('/searches/register', searches.create),
  get('/searches', searches.list('getSearches')),
  get('/searches/list', searches.list('getSearchList')),
  del('/searches/{searchId}', searches.remove),
  get('/searches/{searchId}/info', searches.info),
  get('/searches/{searchId}/items', maps.items),
  get('/searches/{searchId}/mosaic.json', mosaics.mosaic('search')),
  get('/searches/{searchId}/{tileMatrixSetId}/tilejson.json', tilejson.tilejson('search')),
  get('/searches/{searchId}/{tileMatrixSetId}/map.html', maps.map('search')),
  get('/searches/{searchId}/WMTSCapabilities.xml', wmts.capabilities('search')),
  get('/searches/{searchId}/tiles', tilesets.list('search', 'getSearchTilesets')),
  get('/searches/{searchId}/tiles/{tileMatrixSetId}', tilesets.read('search', 'getSearchTileset')),
  get('/searches/{searchId}/tiles/{tileMatrixSetId}/{z}/{x}/{y}', tiles.tile('search')),
  get('/searches/{searchId}/tiles/{tileMatrixSetId}/{z}/{x}/{y}/assets', itemAssets.ofTile('search')),
  get('/searches/{searchId}/point/{lon},{lat}/assets', itemAssets.ofPoint('search')),
  get('/searches/{searchId}/bbox/{minx},{miny},{maxx},{maxy}/assets', itemAssets.ofBox('search')),
  get('/searches/{searchId}/point/{lon},{lat}', values.point('search')),
  get('/searches/{searchId}/bbox/{minx},{miny},{maxx},{maxy}', parts.box('search')),
  get('/searches/{searchId}/bbox/{minx},{miny},{maxx},{maxy}/{width}x{height}.{format}', parts.box('search', 'Sized')),
  post('/searches/{searchId}/feature', parts.feature('search')),
  post('/searches/{searchId}/feature.{format}', parts.feature('search', 'Format')),
  post('/searches/{searchId}/feature/{width}x{height}.{format}', parts.feature('search', 'Sized')),
  post('/searches/{searchId}/statistics', values.statistics('search')),

  get('/mosaicjson/info', mosaicjson.info),
  get('/mosaicjson/bounds', mosaicjson.bounds),
  get('/mosaicjson/tilejson.json', mosaicjson.tilejson('getMosaicJsonWebMercatorTileJson')),
  get('/mosaicjson/{tileMatrixSetId}/tilejson.json', mosaicjson.tilejson('getMosaicJsonTileJson')),
  get('/mosaicjson/point/{lon},{lat}', mosaicjson.point),
  get('/mosaicjson/point/{lon},{lat}/assets', mosaicjson.pointAssets),
  get('/mosaicjson/tiles/{z}/{x}/{y}', mosaicjson.tile('getMosaicJsonWebMercatorTile')),
  get('/mosaicjson/tiles/{z}/{x}/{y}/assets', mosaicjson.tileAssets('getMosaicJsonWebMercatorTileAssets')),
  get('/mosaicjson/tiles/{tileMatrixSetId}/{z}/{x}/{y}', mosaicjson.tile('getMosaicJsonTile')),
  get('/mosaicjson/tiles/{tileMatrixSetId}/{z}/{x}/{y}/assets', mosaicjson.tileAssets('getMosaicJsonTileAssets')),

  get('/files/{folder}/{kind}/{name}', files.read),
];
