/** What the standard transactions may not write: the tiles of datasets, and what is computed from them (API.md section 2). */
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { conflict } from '../errors.js';
import { isObject, type Json, type JsonObject, sameJson } from '../json.js';

/** @throws Conflict */
export function guardTiles(collection: string): void {
  if (collection === SYSTEM_TILES) throw conflict('The tiles of datasets are written through /api/datasets only.');
}

/** @throws Conflict for whole items of either collection: POST, PUT and bulk_items */
export function guardWrites(collection: string): void {
  if (collection === DATASETS) throw conflict('Items of the collection datasets are written through /api/datasets, which keeps a dataset and its tiles together.');
  guardTiles(collection);
}

/** Members of a dataset's item that follow from its tiles. */
const COMPUTED_MEMBERS = ['id', 'collection', 'geometry', 'bbox', 'type', 'stac_version', 'stac_extensions'];
const COMPUTED_PROPERTIES = /^(file:size|file:tile_count|file:format|created|updated|mosaic:.*)$/;
const COMPUTED_ASSETS = ['mosaic', 'mosaic-snapshot'];

const membersOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Whichever language a patch is in, what it has changed is told by comparing. @throws Conflict that names what is computed */
export function guardComputed(stored: JsonObject, result: Json): void {
  const next = membersOf(result);
  const [before, after] = [membersOf(stored['properties']), membersOf(next['properties'])];
  const [assets, nextAssets] = [membersOf(stored['assets']), membersOf(next['assets'])];
  const computed = [
    ...COMPUTED_MEMBERS.filter((name) => !sameJson(stored[name], next[name])).map((name) => `/${name}`),
    ...[...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => COMPUTED_PROPERTIES.test(name) && !sameJson(before[name], after[name])).map((name) => `/properties/${name}`),
    ...COMPUTED_ASSETS.filter((key) => !sameJson(assets[key], nextAssets[key])).map((key) => `/assets/${key}`),
  ];
  if (computed.length > 0) {
    throw conflict(`Computed from the tiles of the dataset, so not to be patched: ${computed.join(', ')}.`, computed.map((path) => ({ path, message: 'is computed' })));
  }
}
