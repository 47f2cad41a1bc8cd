/** The body of `POST /api/datasets` (API.md section 2), parsed: every fault of every tile is named, nothing is guessed. */
import { isDatetime } from '../datetime.js';
import { DomainError, type Fault, invalidInput } from '../errors.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { unstorable } from '../json-text.js';
import { idFault } from '../stac/ids.js';
import { type MosaicOptions, parseMosaicOptions } from './mosaic-options.js';
import { parseTile, type Tile } from './tile.js';

export interface DatasetRequest {
  readonly id: string;
  /** What the caller said of the dataset: properties, assets, links; the rest is computed. */
  readonly dataset: JsonObject;
  readonly tiles: readonly Tile[];
  readonly mosaic: MosaicOptions;
}

/** Gathers the faults of independent parts, so that the caller hears of all of them at once. */
export class Faults {
  readonly list: Fault[] = [];

  /** Runs a parser; its InvalidInput becomes faults, and the answer undefined. */
  attempt<T>(parse: () => T, index?: number): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw error;
      const faults = error.faults.length > 0 ? error.faults : [{ path: '', message: error.message }];
      this.list.push(...faults.map((fault) => (index === undefined ? fault : { ...fault, index })));
      return undefined;
    }
  }

  add(path: string, message: string, index?: number): void {
    this.list.push({ path, message, ...(index === undefined ? {} : { index }) });
  }

  /** What cannot be stored, unless it lies within something that was found bad already. */
  addUnstorable(value: unknown, path: string, index?: number): void {
    const found = unstorable(value, path);
    if (found.length === 0) return;
    const known = this.list.map((fault) => fault.path);
    for (const fault of found) if (!known.some((at) => fault.path === at || fault.path.startsWith(`${at}/`))) this.add(fault.path, fault.message, index);
  }

  throwAny(what: string): void {
    if (this.list.length === 0) return;
    const [first] = this.list;
    throw invalidInput(`${what} has ${this.list.length} fault(s); the first: ${first?.path} ${first?.message}`, this.list);
  }
}

const MEMBERS = new Set(['dataset', 'tiles', 'mosaic', 'expected_tiles']);

/** @throws InvalidInput with every fault */
export function parseDatasetRequest(body: unknown): DatasetRequest {
  const faults = new Faults();
  if (!isObject(body)) throw invalidInput('The body must be a JSON object with "dataset" and "tiles".', [{ path: '', message: 'must be an object' }]);
  for (const key of Object.keys(body)) if (!MEMBERS.has(key)) faults.add(`/${key}`, `is not a member here; known are ${[...MEMBERS].join(', ')}`);
  const dataset = parseDataset(body['dataset'], faults);
  faults.addUnstorable(body['dataset'], '/dataset');
  const tiles = parseTiles(body['tiles'], faults);
  const mosaic = faults.attempt(() => parseMosaicOptions(body['mosaic'], '/mosaic')) ?? {};
  checkExpected(body['expected_tiles'], tiles.length, faults);
  faults.throwAny('The dataset');
  return { id: textOf(dataset['id']), dataset, tiles, mosaic };
}

function parseDataset(value: unknown, faults: Faults): JsonObject {
  if (!isObject(value)) {
    faults.add('/dataset', 'must be an object: a STAC Item in the making');
    return {};
  }
  const fault = idFault(value['id']);
  if (fault !== undefined) faults.add('/dataset/id', fault);
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

function parseTiles(value: unknown, faults: Faults): Tile[] {
  if (!Array.isArray(value)) {
    faults.add('/tiles', 'must be an array of tiles');
    return [];
  }
  if (value.length === 0) faults.add('/tiles', 'must hold at least one tile');
  const tiles = value.flatMap((tile, i) => {
    const parsed = faults.attempt(() => parseTile(tile, i), indexOf(tile, i));
    faults.addUnstorable(tile, `/tiles/${i}`, indexOf(tile, i));
    return parsed ?? [];
  });
  checkUnique(tiles, faults);
  return tiles;
}

/** The index to name in a fault: the tile's own where it has a good one, else its place counted from 1. */
function indexOf(tile: unknown, place: number): number {
  const given = isObject(tile) ? tile['index'] : undefined;
  return typeof given === 'number' && Number.isInteger(given) ? given : place + 1;
}

function checkUnique(tiles: readonly Tile[], faults: Faults): void {
  const indices = new Map<number, number>();
  const hrefs = new Map<string, number>();
  for (const { index, href, place } of tiles) {
    const sameIndex = indices.get(index);
    if (sameIndex !== undefined) faults.add(`/tiles/${place}/index`, `is ${index}, as that of /tiles/${sameIndex}`, index);
    const sameHref = hrefs.get(href);
    if (sameHref !== undefined) faults.add(`/tiles/${place}/href`, `is the same as that of /tiles/${sameHref}`, index);
    indices.set(index, sameIndex ?? place);
    hrefs.set(href, sameHref ?? place);
  }
}

function checkExpected(value: unknown, count: number, faults: Faults): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) faults.add('/expected_tiles', 'must be a whole number >= 1');
  else if (value !== count) faults.add('/expected_tiles', `is ${value}, but there are ${count} tiles`);
}
