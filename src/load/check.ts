/** First pass over a file: every document is judged and completed, all faults are told; nothing is committed. */
import { complete as completeCollection } from '../collections/write.js';
import { DomainError, type Fault } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { checkDepth } from '../json-text.js';
import type { StacCollection } from '../pgstac/collections.js';
import type { StacItem } from '../pgstac/items-write.js';
import { forSchema } from '../stac/stored.js';
import { type HrefSigner, withoutSignatures } from '../storage/signing.js';
import { complete as completeItem } from '../transactions/complete.js';
import { guardTiles, guardWrites } from '../transactions/guards.js';
import { itemFaults } from '../validation/rules.js';
import type { StacValidator, StacVerdict } from '../validation/validator.js';
import type { LoadAhead } from './ahead.js';
import type { ReadDocument, Unreadable } from './documents.js';

export interface LoadFault {
  /** Where the document stands. */
  readonly at: string;
  /** A JSON pointer into it. */
  readonly path: string;
  readonly message: string;
}

/** What is to be written. */
export type Loadable = { readonly kind: 'collection'; readonly collection: StacCollection } | { readonly kind: 'item'; readonly item: StacItem };

export interface LoadRules {
  /** Puts items into this collection, whatever they say. */
  readonly collection: string | undefined;
  /** Undefined: only what the database could not hold is looked for. */
  readonly validator: StacValidator | undefined;
  /** Whose signatures are taken off hrefs: what a server that signs has answered is loaded again after a restore. */
  readonly signer: HrefSigner | undefined;
}

export interface CheckedFile {
  readonly items: number;
  readonly collections: readonly StacCollection[];
  readonly faults: readonly LoadFault[];
  /** Extensions whose schemas are not at hand. */
  readonly unchecked: readonly string[];
}

/** Documents validated together: enough for the validator's own turns. */
const BATCH = 500;
/** More faults of one file are counted, not kept. */
export const MOST_FAULTS = 10_000;

/** A document as it is stored. @throws DomainError InvalidInput or Conflict, its faults relative to the document */
export function loadable(read: unknown, { collection, signer }: LoadRules): Loadable {
  if (signer !== undefined) checkDepth(read);
  const document = signer === undefined ? read : withoutSignatures(signer, read);
  if (isObject(document) && document['type'] === 'Collection') {
    const completed = completeCollection(document);
    guardTiles(completed.id);
    return { kind: 'collection', collection: completed };
  }
  if (!isObject(document) || document['type'] !== 'Feature') throw fault('/type', 'must be "Feature" or "Collection"');
  const id = collection ?? document['collection'];
  if (typeof id !== 'string' || id === '') throw fault('/collection', 'is missing; --collection says where such items belong');
  guardWrites(id);
  return { kind: 'item', item: completeItem(collection === undefined ? document : { ...document, collection }, id, '') };
}

const fault = (path: string, message: string): DomainError => new DomainError('InvalidInput', `${path} ${message}`, { faults: [{ path, message }] });

/** A document on its way through a batch, with what is known to be wrong with it. */
interface Candidate {
  readonly at: string;
  readonly value: Loadable | undefined;
  readonly faults: readonly Pick<Fault, 'path' | 'message'>[];
}

/** @param onDone hears of each document @param ahead is given what is good, while nothing was found that is not */
export async function checkFile(documents: AsyncIterable<ReadDocument | Unreadable>, rules: LoadRules, onDone: () => void, ahead?: LoadAhead): Promise<CheckedFile> {
  const faults: LoadFault[] = [];
  const unchecked = new Set<string>();
  const seen = new Map<string, string>();
  const collections: StacCollection[] = [];
  let waiting: Candidate[] = [];
  let items = 0;

  async function judge(): Promise<void> {
    const batch = waiting;
    waiting = [];
    const verdicts = await verdictsOf(batch.flatMap(({ value }) => value ?? []), rules.validator);
    let next = 0;
    for (const { at, value, faults: known } of batch) {
      const verdict = value === undefined ? undefined : verdicts[next];
      if (value !== undefined) next += 1;
      for (const { path, message } of [...known, ...(verdict?.faults ?? [])]) if (faults.length < MOST_FAULTS) faults.push({ at, path, message });
      for (const uri of verdict?.unchecked ?? []) unchecked.add(uri);
    }
    if (faults.length === 0) await ahead?.add(batch.flatMap(({ value }) => value ?? []));
  }

  for await (const read of documents) {
    onDone();
    const { value, faults: wrong } = 'error' in read ? { value: undefined, faults: [{ path: '', message: read.error }] } : attempt(read, rules);
    const key = value === undefined ? undefined : keyOf(value);
    const earlier = key === undefined ? undefined : seen.get(key);
    if (key !== undefined && earlier === undefined) seen.set(key, read.at);
    waiting.push({ at: read.at, value, faults: earlier === undefined ? wrong : [...wrong, { path: '/id', message: `is the same as that of ${earlier}` }] });
    if (value?.kind === 'item') items += 1;
    if (value?.kind === 'collection') collections.push(value.collection);
    if (waiting.length >= BATCH) await judge();
  }
  await judge();
  return { items, collections, faults, unchecked: [...unchecked].toSorted() };
}

/** Ids hold no "/". */
const keyOf = (value: Loadable): string => (value.kind === 'item' ? `${value.item.collection}/${value.item.id}` : value.collection.id);

function attempt(read: ReadDocument, rules: LoadRules): Pick<Candidate, 'value' | 'faults'> {
  try {
    return { value: loadable(read.document, rules), faults: [] };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { value: undefined, faults: error.faults.length > 0 ? error.faults : [{ path: '', message: error.message }] };
  }
}

async function verdictsOf(values: readonly Loadable[], validator: StacValidator | undefined): Promise<Pick<StacVerdict, 'faults' | 'unchecked'>[]> {
  const documents = values.map((value): JsonObject => (value.kind === 'item' ? forSchema(value.item) : value.collection));
  if (validator !== undefined) return validator.validateMany(documents);
  // pypgstac's own loader checks nothing at all; what PostGIS or pgSTAC would choke on is still told with its place.
  return values.map((value) => ({ faults: value.kind === 'item' ? itemFaults(value.item) : [], unchecked: [] }));
}
