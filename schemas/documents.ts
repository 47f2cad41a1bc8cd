/** The documents that cross the wire, as OpenAPI shows them. STAC's own schemas judge what is written. */
import type { Answer, SchemaObject } from './parameters.js';

const link: SchemaObject = {
  type: 'object',
  required: ['rel', 'href'],
  properties: { rel: { type: 'string' }, href: { type: 'string' }, type: { type: 'string' }, title: { type: 'string' } },
};

const links: SchemaObject = { type: 'array', items: { $ref: '#/components/schemas/link' } };

const itemMembers = {
  type: { type: 'string', enum: ['Feature'] },
  stac_version: { type: 'string' }, id: { type: 'string' }, collection: { type: 'string' }, geometry: { type: 'object', nullable: true },
  bbox: { type: 'array', items: { type: 'number' } }, properties: { type: 'object' }, assets: { type: 'object' },
  links,
} satisfies SchemaObject;

/** `components/schemas` of the OpenAPI document. */
export const documents = {
  link,
  landing: {
    type: 'object',
    required: ['type', 'stac_version', 'id', 'description', 'links', 'conformsTo'],
    properties: { type: { type: 'string' }, stac_version: { type: 'string' }, id: { type: 'string' }, title: { type: 'string' }, description: { type: 'string' }, conformsTo: { type: 'array', items: { type: 'string' } }, links },
  },
  conformance: { type: 'object', required: ['conformsTo'], properties: { conformsTo: { type: 'array', items: { type: 'string' } } } },
  collection: {
    type: 'object',
    required: ['type', 'stac_version', 'id', 'description', 'license', 'extent', 'links'],
    properties: { type: { type: 'string' }, stac_version: { type: 'string' }, id: { type: 'string' }, title: { type: 'string' }, description: { type: 'string' }, license: { type: 'string' }, extent: { type: 'object' }, links },
  },
  collections: {
    type: 'object',
    required: ['collections', 'links'],
    properties: { collections: { type: 'array', items: { $ref: '#/components/schemas/collection' } }, links, numberMatched: { type: 'integer' }, numberReturned: { type: 'integer' } },
  },
  children: {
    type: 'object',
    required: ['children', 'links'],
    properties: { children: { type: 'array', items: { $ref: '#/components/schemas/collection' } }, links, numberMatched: { type: 'integer' }, numberReturned: { type: 'integer' } },
  },
  catalog: {
    type: 'object',
    required: ['type', 'stac_version', 'id', 'description', 'links'],
    properties: { type: { type: 'string', enum: ['Catalog'] }, stac_version: { type: 'string' }, id: { type: 'string' }, title: { type: 'string' }, description: { type: 'string' }, links },
  },
  item: {
    type: 'object',
    required: ['type', 'stac_version', 'id', 'geometry', 'properties', 'links', 'assets'],
    properties: itemMembers,
  },
  /** An item of a page: `fields` may have left out any of its members. */
  feature: { type: 'object', properties: itemMembers },
  items: {
    type: 'object',
    required: ['type', 'features', 'links'],
    properties: { type: { type: 'string', enum: ['FeatureCollection'] }, features: { type: 'array', items: { $ref: '#/components/schemas/feature' } }, links, numberMatched: { type: 'integer' }, numberReturned: { type: 'integer' } },
  },
  queryables: { type: 'object', required: ['$schema', '$id', 'type'], properties: { $schema: { type: 'string' }, $id: { type: 'string' }, type: { type: 'string' }, properties: { type: 'object' } } },
  aggregations: {
    type: 'object',
    required: ['aggregations', 'links'],
    properties: {
      type: { type: 'string', enum: ['AggregationCollection'] },
      aggregations: { type: 'array', items: { type: 'object', required: ['name', 'data_type'], properties: { name: { type: 'string' }, data_type: { type: 'string' }, value: { nullable: true }, overflow: { type: 'integer' }, buckets: { type: 'array', items: { type: 'object', required: ['key', 'data_type', 'frequency'], properties: { key: { type: 'string' }, data_type: { type: 'string' }, frequency: { type: 'integer' }, from: { type: 'number' }, to: { type: 'number' } } } } } } },
      links,
    },
  },
  dataset: {
    type: 'object',
    required: ['dataset', 'tiles'],
    properties: { dataset: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } }, tiles: { type: 'array', minItems: 1, items: { type: 'object' } }, mosaic: { type: 'object' }, expected_tiles: { type: 'integer', minimum: 1 }, metadata: { type: 'object', description: "The source's own description: stored as it is and linked as asset `metadata`" } },
  },
  datasetAnswer: {
    type: 'object',
    required: ['id', 'tile_count', 'bbox', 'warnings'],
    properties: { id: { type: 'string' }, collection: { type: 'string' }, tile_count: { type: 'integer' }, bbox: { type: 'array', items: { type: 'number' } }, search_id: { type: 'string' }, viewer_url: { type: 'string' }, tilejson_url: { type: 'string' }, mosaic_url: { type: 'string' }, created_at: { type: 'string' }, warnings: { type: 'array', items: { type: 'object' } }, unchecked_extensions: { type: 'array', items: { type: 'string' }, description: 'Of a check: extensions whose schemas are not at hand.' }, links },
  },
  collectionRequest: {
    type: 'object',
    required: ['collection'],
    properties: {
      collection: { type: 'object', required: ['id', 'description'], properties: { id: { type: 'string' }, description: { type: 'string' } } },
      cogs: {
        type: 'array',
        minItems: 1,
        items: { type: 'string' },
        description: "Hrefs of COGs, or items in their place. The header of each is read; its item's id is the file's name without its ending, the whole path (its steps joined by \"-\") where names repeat. Its time is that of GDAL's ACQUISITIONDATETIME or TIFF's DateTime, else a date in the file's name (20241015, 2024-10-15 or 2024_10_15, with T120000 behind it or without), else the collection's temporal extent as given, else now. A GeoTIFF that is no COG is taken: its asset says so.",
      },
      items: { type: 'array', minItems: 1, items: { type: 'object' }, description: 'STAC Items; a missing geometry is derived from the bbox.' },
      on_item_error: { type: 'string', enum: ['fail', 'skip'], default: 'skip', description: 'Whether a bad entry is left out and named in failed_items, or the end of all.' },
    },
  },
  collectionAnswer: {
    type: 'object',
    required: ['success', 'collection_id', 'stac_id', 'pgstac_id', 'tile_count', 'items_created', 'items_failed', 'spatial_extent', 'temporal_extent', 'search_id', 'viewer_url', 'tilejson_url', 'created_at'],
    properties: {
      success: { type: 'boolean' },
      collection_id: { type: 'string' },
      stac_id: { type: 'string' },
      pgstac_id: { type: 'string' },
      tile_count: { type: 'integer' },
      items_created: { type: 'integer' },
      items_failed: { type: 'integer' },
      failed_items: { type: 'array', items: { type: 'object', required: ['blob', 'error'], properties: { blob: { type: 'string' }, error: { type: 'string' } } } },
      spatial_extent: { type: 'array', items: { type: 'number' } },
      temporal_extent: { type: 'array', items: { type: 'string' } },
      search_id: { type: 'string', nullable: true, description: 'Null where the search could not be registered, as are the two URLs.' },
      viewer_url: { type: 'string', nullable: true },
      tilejson_url: { type: 'string', nullable: true },
      created_at: { type: 'string' },
    },
  },
  jobRequest: {
    type: 'object',
    required: ['dataset', 'expected_tiles'],
    properties: {
      dataset: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
      expected_tiles: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'How many tasks there are, each of which brings one tile.' },
      mosaic: { type: 'object' },
      auto_complete: { type: 'boolean', default: false, description: 'Whether the last task that reports COMPLETE completes the job.' },
      replace: { type: 'boolean', default: false, description: 'Whether a dataset that exists is replaced; without, it is a conflict.' },
    },
  },
  job: {
    type: 'object',
    required: ['job_id', 'dataset_id', 'state', 'expected', 'complete', 'failed'],
    properties: {
      job_id: { type: 'string' },
      dataset_id: { type: 'string' },
      state: { type: 'string', enum: ['RUNNING', 'COMPLETE', 'FAILED', 'CANCELLED'], description: 'FAILED while the last report of any task is FAILED: once that task has reported COMPLETE, the job runs again. A cancelled job answers 410, as does one that has expired.' },
      expected: { type: 'integer' },
      complete: { type: 'integer' },
      failed: { type: 'integer' },
      missing: { type: 'array', items: { type: 'integer' }, description: 'The indices of tasks that have not reported.' },
      failed_tasks: { type: 'array', items: { type: 'object', required: ['index'], properties: { index: { type: 'integer' }, error: { type: 'string', nullable: true } } }, description: 'The first 100 of those that failed.' },
      auto_complete: { type: 'boolean' },
      replace: { type: 'boolean' },
      created_at: { type: 'string' },
      completion_error: { type: 'object', description: 'Why the last automatic completion failed; POST to complete tries it again.' },
      links,
    },
  },
  taskReport: {
    type: 'object',
    required: ['status'],
    properties: {
      status: { type: 'string', enum: ['COMPLETE', 'FAILED'] },
      tile: { type: 'object', nullable: true, description: 'A tile as POST /api/datasets takes it; its index is that of the task. Needed where the status is COMPLETE, and not kept where it is FAILED.' },
      error: { type: 'string', maxLength: 10_000, nullable: true, description: 'Why the task failed.' },
    },
  },
  task: {
    type: 'object',
    required: ['job_id', 'index', 'status', 'state'],
    properties: { job_id: { type: 'string' }, index: { type: 'integer' }, status: { type: 'string' }, error: { type: 'string' }, state: { type: 'string', description: 'That of the job.' } },
  },
  mosaicjson: {
    type: 'object',
    required: ['mosaicjson', 'minzoom', 'maxzoom', 'bounds', 'tiles'],
    properties: { mosaicjson: { type: 'string' }, name: { type: 'string' }, minzoom: { type: 'integer' }, maxzoom: { type: 'integer' }, quadkey_zoom: { type: 'integer' }, bounds: { type: 'array', items: { type: 'number' } }, center: { type: 'array', items: { type: 'number' } }, tiles: { type: 'object' } },
  },
  tilejson: {
    type: 'object',
    required: ['tilejson', 'tiles'],
    properties: { tilejson: { type: 'string' }, name: { type: 'string' }, tiles: { type: 'array', items: { type: 'string' } }, minzoom: { type: 'integer' }, maxzoom: { type: 'integer' }, bounds: { type: 'array', items: { type: 'number' } }, center: { type: 'array', items: { type: 'number' } } },
  },
  check: {
    type: 'object',
    required: ['valid', 'count', 'unchecked_extensions'],
    properties: { valid: { type: 'boolean' }, count: { type: 'integer' }, unchecked_extensions: { type: 'array', items: { type: 'string' } } },
  },
  registered: { type: 'object', required: ['id', 'links'], properties: { id: { type: 'string' }, links } },
  tileMatrixSets: { type: 'object', required: ['tileMatrixSets'], properties: { tileMatrixSets: { type: 'array', items: { type: 'object', required: ['links'], properties: { id: { type: 'string' }, title: { type: 'string' }, uri: { type: 'string' }, crs: { type: 'string' }, links } } }, links } },
  tileMatrixSet: { type: 'object', required: ['crs', 'tileMatrices'], properties: { id: { type: 'string' }, title: { type: 'string' }, uri: { type: 'string' }, crs: { type: 'string' }, orderedAxes: { type: 'array', items: { type: 'string' } }, wellKnownScaleSet: { type: 'string' }, tileMatrices: { type: 'array', items: { type: 'object', required: ['id', 'scaleDenominator', 'cellSize', 'pointOfOrigin', 'tileWidth', 'tileHeight', 'matrixWidth', 'matrixHeight'] } } } },
  tilesets: { type: 'object', required: ['tilesets'], properties: { tilesets: { type: 'array', items: { $ref: '#/components/schemas/tileset' } }, links } },
  tileset: { type: 'object', required: ['dataType', 'crs', 'links'], properties: { title: { type: 'string' }, dataType: { type: 'string', enum: ['map'] }, crs: { type: 'string' }, tileMatrixSetURI: { type: 'string' }, boundingBox: { type: 'object' }, tileMatrixSetLimits: { type: 'array', items: { type: 'object' } }, links } },
  searchList: {
    type: 'object',
    required: ['searches', 'links', 'context'],
    properties: {
      searches: { type: 'array', items: { $ref: '#/components/schemas/searchInfo' } },
      links,
      context: { type: 'object', required: ['returned', 'limit', 'matched'], properties: { returned: { type: 'integer' }, limit: { type: 'integer' }, matched: { type: 'integer' } } },
    },
  },
  searchInfo: { type: 'object', required: ['search', 'links'], properties: { search: { type: 'object' }, links } },
  error: {
    type: 'object',
    required: ['code', 'description', 'errors', 'request_id'],
    properties: {
      code: { type: 'string' },
      description: { type: 'string' },
      errors: { type: 'array', items: { type: 'object', required: ['path', 'message'], properties: { path: { type: 'string' }, message: { type: 'string' }, index: { type: 'integer' } } } },
      error_count: { type: 'integer' },
      request_id: { type: 'string' },
    },
  },
} satisfies Record<string, SchemaObject>;

export const documentSchema = (name: keyof typeof documents): SchemaObject => ({ $ref: `#/components/schemas/${name}` });

export const jsonAnswer = (description: string, name: keyof typeof documents, type = 'application/json'): Answer => ({
  description,
  type,
  schema: documentSchema(name),
});

export const geojsonAnswer = (description: string, name: 'item' | 'items'): Answer => jsonAnswer(description, name, 'application/geo+json');

/** A page of items, or with `Accept` all of them as a sequence (RFC 8142). */
export const itemsOrSequence = (description: string): Answer => ({ ...geojsonAnswer(description, 'items'), others: ['application/geo+json-seq'] });

export const createdCollection: Answer = jsonAnswer('The collection; Location names it', 'collection');

/** Of what writes to the blob store or deletes from it. */
export const storeFailures: Readonly<Record<number, Answer>> = { 502: { description: 'The blob store failed' }, 504: { description: 'The blob store did not answer in time' } };
