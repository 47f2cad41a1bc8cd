/** Rules for STAC documents that the JSON schemas lack: what pgSTAC, PostGIS and URLs cannot take, and times in order. */
import { DomainError, type Fault } from '../errors.js';
import { parseBbox, parseGeometry } from '../geojson.js';
import { isObject } from '../json.js';

/** More faults of one document are not listed. */
export const MOST_FAULTS = 20;

/** Nesting beyond this is refused: no STAC document needs it, and readers recurse. */
const DEEPEST = 64;

/** The faults of an item, beyond the schemas'. */
export function itemFaults(item: Readonly<Record<string, unknown>>): Fault[] {
  const faults = [...idFaults(item['id'], '/id'), ...numberFaults(item)];
  const { geometry, bbox, properties } = item;
  if (geometry === null || geometry === undefined) {
    faults.push({ path: '/geometry', message: 'is required: an item without a geometry cannot be kept in pgSTAC' });
  } else {
    faults.push(...faultsOf(() => parseGeometry(geometry, '/geometry')));
    if (bbox === undefined) faults.push({ path: '/bbox', message: 'is required where there is a geometry' });
  }
  if (bbox !== undefined) faults.push(...faultsOf(() => parseBbox(bbox, '/bbox')));
  if (isObject(properties)) faults.push(...datetimeFaults(properties));
  return faults;
}

/** The faults of a collection, beyond the schemas'. */
export function collectionFaults(collection: Readonly<Record<string, unknown>>): Fault[] {
  const faults = [...idFaults(collection['id'], '/id'), ...numberFaults(collection)];
  const { extent } = collection;
  if (!isObject(extent)) return faults;
  const { spatial, temporal } = extent;
  const boxes = isObject(spatial) ? spatial['bbox'] : undefined;
  if (Array.isArray(boxes)) {
    boxes.forEach((box, at) => faults.push(...faultsOf(() => parseBbox(box, `/extent/spatial/bbox/${at}`))));
  }
  const intervals = isObject(temporal) ? temporal['interval'] : undefined;
  if (Array.isArray(intervals)) {
    intervals.forEach((interval: unknown, at) => {
      const [start, end]: unknown[] = Array.isArray(interval) ? interval : [];
      if (isAfter(start, end)) faults.push({ path: `/extent/temporal/interval/${at}`, message: 'ends before it starts' });
    });
  }
  return faults;
}

/** API.md section 1: ids may hold anything but `/` and control characters. */
function idFaults(id: unknown, path: string): Fault[] {
  if (id === undefined) return [{ path, message: 'is required' }];
  if (typeof id !== 'string') return [{ path, message: 'must be a string' }];
  if (id === '') return [{ path, message: 'must not be empty' }];
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[/\u0000-\u001f\u007f-\u009f]/.test(id)) return [{ path, message: 'must not have "/" or control characters' }];
  return [];
}

/** Item spec, section Properties Object, and common metadata: a null datetime needs the range; a range runs forward. */
function datetimeFaults(properties: Readonly<Record<string, unknown>>): Fault[] {
  const { datetime, start_datetime: start, end_datetime: end } = properties;
  const faults: Fault[] = [];
  if (datetime === undefined) faults.push({ path: '/properties/datetime', message: 'is required; null where start_datetime and end_datetime are given' });
  if (datetime === null && (typeof start !== 'string' || typeof end !== 'string')) {
    faults.push({ path: '/properties/datetime', message: 'may be null only where start_datetime and end_datetime are given' });
  }
  if (isAfter(start, end)) faults.push({ path: '/properties/end_datetime', message: `is before start_datetime, ${String(start)}` });
  return faults;
}

const isAfter = (start: unknown, end: unknown): boolean =>
  typeof start === 'string' && typeof end === 'string' && Date.parse(start) > Date.parse(end);

/** JSON has no infinity, but `1e999` is read as one, and nothing after that could write it again. */
function numberFaults(document: unknown): Fault[] {
  const faults: Fault[] = [];
  scan(document, [], faults);
  return faults;
}

function scan(value: unknown, path: (string | number)[], faults: Fault[]): void {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) faults.push({ path: pointer(path), message: 'must be a finite number' });
    return;
  }
  if (typeof value !== 'object' || value === null || faults.length >= MOST_FAULTS) return;
  if (path.length >= DEEPEST) {
    faults.push({ path: pointer(path), message: `is nested deeper than ${DEEPEST} levels` });
    return;
  }
  const at = path.length;
  path.push('');
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      path[at] = index;
      scan(value[index], path, faults);
    }
  } else {
    for (const [key, member] of Object.entries(value)) {
      path[at] = key;
      scan(member, path, faults);
    }
  }
  path.pop();
}

/** RFC 6901. */
const pointer = (path: readonly (string | number)[]): string =>
  path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function faultsOf(parse: () => unknown): readonly Fault[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof DomainError) return error.faults;
    throw error;
  }
}
