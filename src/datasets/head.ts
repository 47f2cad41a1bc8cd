/** What a dataset says before its tiles (API.md section 2): the item in the making, the mosaic's options, how many tiles there will be. */
import { isDatetime } from '../datetime.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { isTooDeep } from '../json-text.js';
import { idFault } from '../stac/ids.js';
import type { Faults } from './faults.js';
import { type MosaicOptions, parseMosaicOptions } from './mosaic-options.js';

export interface DatasetHead {
  readonly id: string;
  /** What the caller said of the dataset: properties, assets, links; the rest is computed. */
  readonly dataset: JsonObject;
  readonly mosaic: MosaicOptions;
  readonly expectedTiles?: number | undefined;
  /** The source's own description, stored as `metadata/original/{id}.json`. */
  readonly metadata?: JsonObject | undefined;
}

const MEMBERS = new Set(['dataset', 'mosaic', 'expected_tiles', 'metadata']);

/** @param urlId the id in the URL of a PUT: the body's must be the same, or left out */
export function parseHead(value: unknown, faults: Faults, urlId?: string): DatasetHead {
  if (!isObject(value)) {
    faults.add('', 'must be an object with "dataset" and "tiles"');
    return { id: '', dataset: {}, mosaic: {} };
  }
  for (const key of Object.keys(value)) if (!MEMBERS.has(key)) faults.add(`/${key}`, `is not a member here; known are ${[...MEMBERS, 'and beside them tiles, in JSON'].join(', ')}`);
  const dataset = parseDataset(value['dataset'], faults, urlId);
  faults.addUnstorable(value['dataset'], '/dataset');
  const mosaic = faults.attempt(() => parseMosaicOptions(value['mosaic'], '/mosaic')) ?? {};
  const { expected_tiles: expected, metadata } = value;
  if (expected !== undefined && !isCount(expected)) faults.add('/expected_tiles', 'must be a whole number >= 1');
  if (metadata !== undefined && !isObject(metadata)) faults.add('/metadata', "must be an object: the source's own description");
  if (isTooDeep(metadata)) faults.add('/metadata', 'is nested deeper than 100 levels');
  return {
    id: urlId ?? textOf(dataset['id']),
    dataset,
    mosaic,
    ...(isCount(expected) ? { expectedTiles: expected } : {}),
    ...(isObject(metadata) ? { metadata } : {}),
  };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;

function parseDataset(value: unknown, faults: Faults, urlId: string | undefined): JsonObject {
  if (!isObject(value)) {
    faults.add('/dataset', 'must be an object: a STAC Item in the making');
    return {};
  }
  const id = value['id'] ?? urlId;
  const fault = idFault(id);
  if (fault !== undefined) faults.add('/dataset/id', fault);
  else if (urlId !== undefined && id !== urlId) faults.add('/dataset/id', `is ${JSON.stringify(id)}, but the URL names ${JSON.stringify(urlId)}`);
  const properties = isObject(value['properties']) ? value['properties'] : {};
  for (const name of ['datetime', 'start_datetime', 'end_datetime']) {
    const instant = properties[name] ?? null;
    if (instant !== null && !(typeof instant === 'string' && isDatetime(instant))) faults.add(`/dataset/properties/${name}`, `${JSON.stringify(instant)} is not an RFC 3339 date-time`);
  }
  for (const member of ['properties', 'assets'] as const) {
    if (value[member] !== undefined && !isObject(value[member])) faults.add(`/dataset/${member}`, 'must be an object');
  }
  if (value['links'] !== undefined && !(Array.isArray(value['links']) && value['links'].every((link) => isObject(link) && typeof link['href'] === 'string' && typeof link['rel'] === 'string'))) {
    faults.add('/dataset/links', 'must be an array of links, each with rel and href');
  }
  if (value['collection'] !== undefined && value['collection'] !== 'datasets') faults.add('/dataset/collection', 'must be "datasets" or left out');
  return value;
}
