/** What a mosaic, a TileJSON or a tile is made of: a registered search, a collection or a dataset, as one thing. */
import { withTiles } from '../access/private.js';
import { fromBody, selectionOf } from '../search/parse.js';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { invalidAt, notFound } from '../errors.js';
import { collectionAsset, collectionSearch, drawnAsset, searchIdOf } from '../hooks/collection-search.js';
import { isObject, type JsonObject } from '../json.js';
import { findCollection, listCollections } from '../pgstac/collections.js';
import { findItem } from '../pgstac/items-read.js';
import { findSeenSearch } from '../pgstac/seen-searches.js';
import { holdersOf, type RegisteredSearch } from '../pgstac/searches.js';
import type { Visibility } from '../pgstac/selection.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import type { Services } from '../services.js';
import { narrowed } from './mosaic.js';
import { registeredQuery } from './registered-query.js';
import { type Render, rendersOf, rendersOfCollection } from './renders.js';

export interface Target {
  readonly name: string;
  readonly description?: string;
  /** The registered search, where there is one. */
  readonly searchId?: string;
  /** Who is to be named beside a picture of it. */
  readonly attribution?: string;
  readonly selection: ItemSelection;
  /** Stacking order, the first on top; undefined where the search says none. */
  readonly sortby: readonly SortKey[] | undefined;
  /** The order in which later covers earlier: tiles by their index, items by their time. */
  readonly natural: readonly SortKey[];
  /** Zooms that were said, by a dataset's `mosaic` or a search's metadata. */
  readonly minzoom?: number;
  readonly maxzoom?: number;
  readonly quadkeyZoom?: number;
  /** The asset to draw where the caller names none. */
  readonly asset?: string;
  /** The asset that most items have, for what has to name one. */
  readonly usualAsset?: string;
  /** Layers that the search's metadata names, for those who draw. */
  readonly renders: Readonly<Record<string, Render>>;
  /** Under what it is read: a dataset's tiles are seen by whoever sees the dataset. */
  readonly visibility: Visibility;
}

type Deps = Pick<Services, 'database'>;

const BY_INDEX: readonly SortKey[] = [{ field: 'tile_index', direction: 'asc' }];
const BY_TIME: readonly SortKey[] = [{ field: 'datetime', direction: 'asc' }, { field: 'id', direction: 'asc' }];

const zoom = (value: unknown): number | undefined => (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 30 ? value : undefined);

/** Only what is known, so that optional members stay absent. */
const known = <T extends object>(members: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };

const isTiles = (selection: ItemSelection): boolean => selection.collections?.length === 1 && selection.collections[0] === SYSTEM_TILES;

/** A registered search that the caller may see. @throws NotFound */
export async function visibleSearch({ database }: Deps, id: string, visibility: Visibility): Promise<{ search: RegisteredSearch; visibility: Visibility; datasets: string[] }> {
  const search = await findSeenSearch(database.pool, id, visibility);
  if (search === undefined) throw notFound(`Search ${id}`);
  const holders = await holdersOf(database.pool, id);
  const derived = holders.some((holder) => holder.kind === 'dataset' || holder.id === DATASETS);
  const datasets = holders.filter((holder) => holder.kind === 'dataset').map((holder) => holder.id);
  return { search, visibility: derived && !visibility.hidden.includes(DATASETS) ? withTiles(visibility) : visibility, datasets };
}

export async function searchTarget(services: Deps, id: string, visibility: Visibility): Promise<Target> {
  const { search, visibility: effective, datasets } = await visibleSearch(services, id, visibility);
  const { metadata } = search;
  const query = registeredQuery(search.search);
  const selection = selectionOf(query);
  const [datasetId] = datasets;
  const said = datasetId === undefined ? {} : saidByDataset(await findItem(services.database.pool, DATASETS, datasetId));
  return {
    name: typeof metadata['name'] === 'string' ? metadata['name'] : `Search ${id}`,
    selection,
    sortby: query.sortby,
    natural: isTiles(selection) ? BY_INDEX : BY_TIME,
    searchId: id,
    renders: rendersOf(metadata),
    visibility: effective,
    ...said,
    ...known({ minzoom: zoom(metadata['minzoom']), maxzoom: zoom(metadata['maxzoom']), attribution: named(metadata['attribution']) }),
    ...(Array.isArray(metadata['assets']) && typeof metadata['assets'][0] === 'string' ? { asset: metadata['assets'][0] } : {}),
  };
}

/** @throws NotFound for a collection that the caller does not see */
export async function collectionTarget({ database }: Deps, id: string, visibility: Visibility): Promise<Target> {
  const collection = visibility.hidden.includes(id) ? undefined : await findCollection(database.pool, id);
  if (collection === undefined) throw notFound(`Collection ${id}`);
  const searchId = searchIdOf(collection);
  const selection = selectionOf(fromBody(collectionSearch(id)));
  return {
    name: typeof collection['title'] === 'string' ? collection['title'] : id,
    ...(typeof collection['description'] === 'string' ? { description: collection['description'] } : {}),
    selection,
    sortby: undefined,
    natural: isTiles(selection) ? BY_INDEX : BY_TIME,
    asset: drawnAsset(collection),
    usualAsset: collectionAsset(collection),
    renders: rendersOfCollection(collection),
    ...known({ searchId, attribution: credits(collection) }),
    visibility: id === DATASETS ? withTiles(visibility) : visibility,
  };
}

/**
 * All that the caller sees, or these collections of it: datasets by their tiles, the rest by their items, the newest on top.
 * @throws InvalidInput for a collection that the caller does not see
 */
export async function catalogTarget({ database }: Deps, asked: readonly string[] | undefined, visibility: Visibility): Promise<Target> {
  const seen = (await listCollections(database.pool, visibility.hidden)).map(({ id }) => id);
  const unknown = asked?.find((id) => !seen.includes(id));
  if (unknown !== undefined) throw invalidAt('collections', `names no collection: ${JSON.stringify(unknown)}`);
  const drawn = [...new Set((asked ?? seen).map((id) => (id === DATASETS ? SYSTEM_TILES : id)))];
  return {
    name: 'stac-mosaic',
    // An empty list would select everything; no collection has an empty name.
    selection: { collections: drawn.length === 0 ? [''] : drawn },
    sortby: undefined,
    natural: BY_TIME,
    renders: {},
    visibility: drawn.includes(SYSTEM_TILES) ? withTiles(visibility) : visibility,
  };
}

/** A target with a search's conditions added to its own; a sort order replaces it. @throws InvalidInput */
export function narrowTarget(target: Target, { selection, sortby }: { selection: ItemSelection; sortby: readonly SortKey[] | undefined }): Target {
  return { ...target, selection: narrowed(target.selection, selection), ...(sortby === undefined ? {} : { sortby }) };
}

/** @throws NotFound */
export async function datasetTarget(services: Deps, id: string, visibility: Visibility): Promise<Target> {
  const item = visibility.hidden.includes(DATASETS) ? undefined : await findItem(services.database.pool, DATASETS, id);
  const properties = item !== undefined && isObject(item['properties']) ? item['properties'] : {};
  const searchId = properties['mosaic:search_id'];
  if (typeof searchId !== 'string') throw notFound(`Dataset ${id}`);
  const target = await searchTarget(services, searchId, visibility);
  return { ...target, name: typeof properties['title'] === 'string' ? properties['title'] : id, ...known({ attribution: credits(properties) }) };
}

const named = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** An `attribution` (extension of the same name), else the names of those who license or made it, else of all providers. */
function credits({ attribution, providers }: JsonObject): string | undefined {
  const listed = Array.isArray(providers) ? providers.filter(isObject) : [];
  const owners = listed.filter(({ roles }) => Array.isArray(roles) && (roles.includes('licensor') || roles.includes('producer')));
  const names = (owners.length > 0 ? owners : listed).flatMap(({ name }) => named(name) ?? []);
  return named(attribution) ?? named(names.join(', '));
}

function saidByDataset(item: JsonObject | undefined): Partial<Target> {
  const properties = isObject(item?.['properties']) ? item['properties'] : {};
  return known({
    minzoom: zoom(properties['mosaic:minzoom']),
    maxzoom: zoom(properties['mosaic:maxzoom']),
    quadkeyZoom: zoom(properties['mosaic:quadkey_zoom']),
  });
}
