/** The entries of POST /api/collections, COGs or items, as items that are ready to be written; what is wrong with one is said of it alone. */
import pLimit from 'p-limit';
import { cogItem } from '../cog/item.js';
import { readCogHeader } from '../cog/open.js';
import { DomainError, type Fault } from '../errors.js';
import { bboxGeometry, parseBbox, parseGeometry } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { bboxOf } from '../stac/bbox.js';
import { idFault } from '../stac/ids.js';
import { forSchema } from '../stac/stored.js';
import { complete } from '../transactions/complete.js';
import { cogNames } from './cog-names.js';

export interface FailedEntry {
  /** The item's id or the COG's href; the place where there is neither. */
  readonly blob: string;
  readonly error: string;
  readonly faults: readonly Fault[];
}

export interface Entries {
  readonly items: readonly StacItem[];
  readonly failed: readonly FailedEntry[];
}

/** An entry on its way: an item, or what is wrong with it. */
interface Entry {
  readonly blob: string;
  /** A JSON pointer into the body. */
  readonly path: string;
  readonly made: StacItem | DomainError;
}

/** Headers read at once: enough to hide a blob store's latency, few enough not to trouble it. */
const AT_ONCE = 16;

/** One small request a file. @param instants of files that tell no time */
export async function entriesOfCogs(services: Services, collection: string, cogs: readonly Json[], instants: JsonObject, signal: AbortSignal): Promise<Entries> {
  const limit = pLimit(AT_ONCE);
  const hrefs = cogs.map((cog) => (typeof cog === 'string' ? cog : ''));
  const names = cogNames(hrefs);
  const entries = cogs.map((cog, i) => limit(async (): Promise<Entry> => {
    const path = `/cogs/${i}`;
    const [href, name] = [hrefs[i] ?? '', names[i]];
    const made = await attempt(async () => {
      signal.throwIfAborted();
      if (typeof cog !== 'string' || cog.trim() === '' || name === undefined) throw faultAt(path, 'must be the href of a COG');
      const fault = idFault(name.id);
      if (fault !== undefined) throw faultAt(path, `gives its item an id that ${fault}`);
      const header = await readCogHeader(await services.sources.open(href));
      return cogItem(header, { ...name, collection, href, instants });
    });
    return { blob: href === '' ? path : href, path, made };
  }));
  return settle(services, await Promise.all(entries));
}

/** Whole items; a missing geometry is derived from the bbox, a missing bbox from the geometry. */
export async function entriesOfItems(services: Services, collection: string, items: readonly Json[]): Promise<Entries> {
  const entries: Entry[] = [];
  for (const [i, item] of items.entries()) {
    const path = `/items/${i}`;
    const made = await attempt(async () => complete(withFootprint(item, path), collection, path));
    const id = isObject(item) ? item['id'] : undefined;
    entries.push({ blob: typeof id === 'string' && id !== '' ? id : path, path, made });
  }
  return settle(services, entries);
}

async function attempt(make: () => Promise<StacItem>): Promise<StacItem | DomainError> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return error;
  }
}

const faultAt = (path: string, message: string): DomainError => new DomainError('InvalidInput', `${path} ${message}.`, { faults: [{ path, message }] });

function withFootprint(item: Json, path: string): Json {
  if (!isObject(item)) return item;
  const { geometry = null, bbox = null } = item;
  if (geometry === null && bbox === null) throw faultAt(`${path}/geometry`, 'is missing, and so is a bbox to derive it from');
  if (geometry === null) return { ...item, geometry: bboxGeometry(parseBbox(bbox, `${path}/bbox`)) as unknown as Json };
  return bbox === null ? { ...item, bbox: [...bboxOf(parseGeometry(geometry, `${path}/geometry`))] } : item;
}

/** Judges what was made, and finds ids that stand there twice: the first item with one keeps it. */
async function settle({ validator }: Services, entries: readonly Entry[]): Promise<Entries> {
  const verdicts = await validator.validateMany(entries.flatMap(({ made }) => (made instanceof DomainError ? [] : [forSchema(made)])), 'item');
  const taken = new Map<string, string>();
  const items: StacItem[] = [];
  const failed: FailedEntry[] = [];
  let judged = 0;
  for (const { blob, path, made } of entries) {
    if (made instanceof DomainError) {
      failed.push({ blob, error: made.message, faults: made.faults.length > 0 ? made.faults : [{ path, message: made.message }] });
      continue;
    }
    const faults = (verdicts[judged]?.faults ?? []).map((fault) => ({ ...fault, path: path + fault.path }));
    judged += 1;
    const same = taken.get(made.id);
    if (same !== undefined) faults.push({ path, message: `has the id ${made.id}, as ${same}` });
    const [first] = faults;
    if (first === undefined) {
      taken.set(made.id, path);
      items.push(made);
    } else failed.push({ blob, error: `${first.path} ${first.message}`, faults });
  }
  return { items, failed };
}
