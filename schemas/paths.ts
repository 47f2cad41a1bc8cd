/** The parameters of paths, as OpenAPI describes them; every route that has one of a name means the same by it. */
import { TILE_MATRIX_SET_IDS, tileMatrixSet } from '../src/tiles/matrices.js';
import type { SchemaObject } from './parameters.js';

/** What API.md section 1 allows in an id (src/stac/ids.ts checks the rest when one is written). */
const id: SchemaObject = { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[^/\\u0000-\\u001f\\u007f]+$' };

const SETS = TILE_MATRIX_SET_IDS.map(tileMatrixSet);
/** As far as the deepest and the widest of the sets go. */
const zoom: SchemaObject = { type: 'integer', minimum: 0, maximum: Math.max(...SETS.map(({ maxZoom }) => maxZoom)) };
const place: SchemaObject = { type: 'integer', minimum: 0, maximum: Math.max(...SETS.flatMap(({ matrices }) => matrices.flatMap(({ columns, rows }) => [columns, rows]))) - 1 };

const PARAMETERS: Readonly<Record<string, SchemaObject>> = {
  collectionId: { description: 'The id of a collection.', schema: id },
  itemId: { description: 'The id of an item of the collection.', schema: id },
  datasetId: { description: 'The id of a dataset.', schema: id },
  tileId: { description: 'The id of a tile item of the dataset.', schema: id },
  jobId: { description: 'The id that POST /api/jobs has answered.', schema: id },
  index: { description: 'The index of a task, counted from 1.', schema: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
  searchId: { description: 'The id that registering a search has answered.', schema: id },
  tileMatrixSetId: { description: 'A tile matrix set that the server draws.', schema: { type: 'string', enum: TILE_MATRIX_SET_IDS } },
  z: { description: 'The zoom.', schema: zoom },
  x: { description: 'The column, counted from the west.', schema: place },
  y: { description: 'The row, counted from the north.', schema: place },
  tileMatrix: { description: 'The zoom.', schema: zoom },
  tileRow: { description: 'The row, counted from the north.', schema: place },
  tileCol: { description: 'The column, counted from the west.', schema: place },
  lon: { description: 'Longitude, or x in the CRS of coord_crs.', schema: { type: 'number' } },
  lat: { description: 'Latitude, or y in the CRS of coord_crs.', schema: { type: 'number' } },
  minx: { description: 'West.', schema: { type: 'number' } },
  miny: { description: 'South.', schema: { type: 'number' } },
  maxx: { description: 'East.', schema: { type: 'number' } },
  maxy: { description: 'North.', schema: { type: 'number' } },
  width: { description: 'Pixels across.', schema: { type: 'integer', minimum: 1, maximum: 4096 } },
  height: { description: 'Pixels down.', schema: { type: 'integer', minimum: 1, maximum: 4096 } },
  format: { description: 'The format of the picture.', schema: { type: 'string', enum: ['png', 'jpg', 'jpeg', 'webp', 'tif', 'npy'] } },
  colorMapId: { description: 'The name of a colormap.', schema: { type: 'string', minLength: 1 } },
  folder: { description: 'Where the file is stored.', schema: id },
  kind: { description: 'What it holds.', schema: id },
  name: { description: 'The name of the file.', schema: id },
};

/** @throws Error for a name that is not described here: the table of routes has gone ahead */
export function pathParameter(name: string): SchemaObject {
  const found = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (found === undefined) throw new Error(`The path parameter ${name} is not described.`);
  return found;
}
