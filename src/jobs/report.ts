/** What a task reports: its tile, judged at once as POST /api/datasets would judge it, or why it failed. */
import { Faults } from '../datasets/faults.js';
import { HeaderReader, type PlacedTile } from '../datasets/headers.js';
import { parseTile, type Tile } from '../datasets/tile.js';
import { TileChecks } from '../datasets/tile-checks.js';
import { padIndex } from '../datasets/tile-item.js';
import { DomainError, invalidInput } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { Services } from '../services.js';
import type { Job } from './job.js';
import type { TaskReport } from './store.js';

const MEMBERS = new Set(['status', 'tile', 'error']);
const LONGEST_ERROR = 10_000;

/**
 * The header of a tile that is only an href is read now, so that the completion opens no file.
 * @throws InvalidInput with every fault, those of the tile under `/tile`
 */
export async function parseReport(body: unknown, job: Job, index: number, services: Services, signal: AbortSignal): Promise<TaskReport> {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object with "status".', [{ path: '', message: 'must be an object' }]);
  const faults = new Faults();
  for (const key of Object.keys(body)) if (!MEMBERS.has(key)) faults.add(`/${key}`, `is not a member here; known are ${[...MEMBERS].join(', ')}`);
  const { status, tile = null, error = null } = body;
  if (status !== 'COMPLETE' && status !== 'FAILED') faults.add('/status', status === undefined ? 'is missing' : 'must be COMPLETE or FAILED');
  if (error !== null && (typeof error !== 'string' || error.length > LONGEST_ERROR)) faults.add('/error', `must be a text of at most ${LONGEST_ERROR} characters`);
  faults.addUnstorable(error, '/error');
  if (status === 'COMPLETE' && tile === null) faults.add('/tile', 'is missing: a COMPLETE task brings its tile');
  faults.throwAny('The report');
  // A tile that comes with a failure is of no use: the task brings another one when it is tried again.
  if (status === 'FAILED') return { status, tile: null, error: typeof error === 'string' ? error : null };
  return { status: 'COMPLETE', tile: JSON.stringify(await checkedTile(tile, job, index, services, signal)), error: null };
}

/** The tile with its index and what its header says, in the form that POST /api/datasets takes. */
async function checkedTile(tile: Json, job: Job, index: number, services: Services, signal: AbortSignal): Promise<JsonObject> {
  const given = indexed(tile, index);
  const faults = new Faults();
  const parsed = faults.attempt(() => parseTile(given, 0));
  faults.addUnstorable(given, '/tiles/0');
  const placed = parsed === undefined || faults.count > 0 ? undefined : await placedTile(parsed, faults, services, signal);
  if (placed !== undefined) {
    const now = new Date().toISOString();
    const checks = new TileChecks(services.validator, { datasetId: job.datasetId, count: padIndex(job.expected), instants: { datetime: now }, now }, faults);
    await checks.add(placed);
    await checks.finish();
  }
  throwOfOneTile(faults);
  if (placed === undefined) throw new Error('A tile was lost while it was read.');
  return given['type'] === 'Feature' ? given : described(placed);
}

async function placedTile(tile: Tile, faults: Faults, { sources }: Services, signal: AbortSignal): Promise<PlacedTile | undefined> {
  const { footprint } = tile;
  if (footprint !== undefined) return { ...tile, footprint, isCog: true };
  let placed: PlacedTile | undefined;
  const reader = new HeaderReader(sources, faults, signal, (found) => {
    placed = found;
  });
  await reader.add(tile);
  await reader.finish();
  return placed;
}

/** Faults that name the first tile of a list name the task's own. */
function throwOfOneTile(faults: Faults): void {
  const renamed = (text: string): string => text.replaceAll(/\/tiles\/0(?![0-9])/g, '/tile');
  try {
    faults.throwAny('The tile');
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new DomainError(error.kind, renamed(error.message), { faults: error.faults.map(({ path, message }) => ({ path: renamed(path), message: renamed(message) })) });
  }
}

/** The index of a tile is that of its task. */
function indexed(tile: Json, index: number): JsonObject {
  if (!isObject(tile)) throw invalidInput('/tile must be an object.', [{ path: '/tile', message: 'must be an object: a tile as POST /api/datasets takes it' }]);
  const properties = isObject(tile['properties']) ? tile['properties'] : {};
  const said = { '/tile/index': tile['index'], ...(tile['type'] === 'Feature' ? { '/tile/properties/tile_index': properties['tile_index'] } : {}) };
  for (const [path, value] of Object.entries(said)) {
    if (value !== undefined && value !== null && value !== index) throw invalidInput(`${path} is not the index of the task.`, [{ path, message: `is ${JSON.stringify(value)}, but the task's index is ${index}`, index }]);
  }
  return { ...tile, index };
}

function described({ index, row, col, href, footprint, properties, asset }: PlacedTile): JsonObject {
  return {
    href,
    index,
    ...(row === undefined ? {} : { row }),
    ...(col === undefined ? {} : { col }),
    bbox: [...footprint.bbox],
    geometry: footprint.geometry as unknown as Json,
    ...properties,
    ...asset,
  };
}
