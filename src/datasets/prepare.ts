/** From the parsed request to documents that are ready to be written: headers read, items built and validated. */
import { invalidInput, type Fault } from '../errors.js';
import type { Geometry } from 'geojson';
import { bboxGeometry } from '../geojson.js';
import { isObject } from '../json.js';
import { modernFields } from '../stac/spellings.js';
import { forSchema } from '../stac/stored.js';
import type { StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { datasetItem, type DatasetParts } from './dataset-item.js';
import { datasetInstants, unionBbox } from './extent.js';
import { type PlacedTile, readHeaders } from './headers.js';
import { type DatasetRequest, Faults } from './request.js';
import { tileItem } from './tile-item.js';
import { type Warning, warningsOf } from './warnings.js';

export interface PreparedDataset extends DatasetParts {
  /** By tile_index, ascending. */
  readonly tiles: readonly PlacedTile[];
  readonly tileItems: readonly StacItem[];
  readonly warnings: readonly Warning[];
}

/** @throws InvalidInput with every fault of the dataset and its tiles */
export async function prepareDataset(
  request: DatasetRequest,
  { sources, validator }: Pick<Services, 'sources' | 'validator'>,
  signal: AbortSignal,
): Promise<PreparedDataset> {
  const now = new Date().toISOString();
  const tiles = (await readHeaders(request.tiles, sources, signal)).toSorted((a, b) => a.index - b.index);
  const own = modernFields(isObject(request.dataset['properties']) ? request.dataset['properties'] : {});
  const instants = datasetInstants(own, tiles, now);
  const tileItems = tiles.map((tile) => tileItem(tile, { datasetId: request.id, count: tiles.length, instants, now }));
  const prepared = {
    id: request.id,
    dataset: request.dataset,
    mosaic: request.mosaic,
    tiles,
    tileItems,
    instants,
    bbox: unionBbox(tiles.map((tile) => tile.footprint.bbox)),
    warnings: warningsOf(tiles),
    created: now,
    updated: now,
  };
  await check(prepared, validator);
  return prepared;
}

/** The search id and the exact outline are not known yet: they are ours, and valid by construction. */
async function check(prepared: PreparedDataset, validator: Services['validator']): Promise<void> {
  const faults = new Faults();
  const outline: Geometry = bboxGeometry(prepared.bbox);
  const whole = await validator.validate(forSchema(datasetItem(prepared, 'pending', outline, '')), 'item');
  for (const { path, message } of whole.faults) faults.add(`/dataset${path}`, message);
  const results = await validator.validateMany(prepared.tileItems.map(forSchema), 'item');
  results.forEach((result, i) => {
    const tile = prepared.tiles[i];
    for (const { path, message } of result.faults) faults.add(`/tiles/${tile?.place ?? i}${path}`, message, tile?.index);
  });
  throwSorted(faults.list);
}

function throwSorted(list: readonly Fault[]): void {
  if (list.length === 0) return;
  const [first] = list;
  throw invalidInput(`The dataset is not valid STAC; ${list.length} fault(s), the first: ${first?.path} ${first?.message}`, list);
}
