/** Which resources exist for the caller: one place before every handler, so that no route can forget it. */
import { SYSTEM_TILES, DATASETS } from '../src/datasets/collections.js';
import { DomainError, notFound } from '../src/errors.js';
import { collectionExists, findCollection } from '../src/pgstac/collections.js';
import { type Call, param, type Route, scopeOf } from './http.js';

type Asked = Pick<Call, 'services' | 'params' | 'visibility'>;

/**
 * What is below a collection that is hidden from the caller is answered as what does not exist: the same words, found out
 * by the same question to the database, before the rest of the request is judged.
 * @throws NotFound
 */
export async function assertSeen(route: Route, call: Asked): Promise<void> {
  const { collectionId } = call.params;
  if (collectionId !== undefined) return assertCollection(call, collectionId, scopeOf(route) === 'write');
  const place = placeOfDatasets(route, call.params);
  if (place !== undefined && call.visibility.hidden.includes(DATASETS)) throw notFound(place);
}

async function assertCollection({ services, visibility }: Asked, id: string, isWrite: boolean): Promise<void> {
  // That tiles are written elsewhere is said to every writer (API.md section 2).
  if (id === SYSTEM_TILES && isWrite) return;
  const isHidden = visibility.hidden.includes(id);
  const isMissing = services.access.hasPrivate && !(await collectionExists(services.database.pool, id));
  if (isHidden || isMissing) throw notFound(`Collection ${id}`);
}

/** What a route is about whose resources are those of the collection of datasets; undefined for the others, and for the list of datasets, which is empty. */
function placeOfDatasets({ method, path }: Route, { datasetId, jobId, folder, kind, name }: Call['params']): string | undefined {
  if (datasetId !== undefined) return `Dataset ${datasetId}`;
  if (jobId !== undefined) return `Job ${jobId}`;
  if (path.startsWith('/files/')) return `The file ${folder}/${kind}/${name}`;
  return method === 'POST' && (path === '/api/datasets' || path === '/api/jobs') ? `Collection ${DATASETS}` : undefined;
}

/** The handler's answer, for what exists for the caller. */
export async function answerSeen<T>(route: Route, call: Asked & Pick<Call, 'caller'>, answer: () => Promise<T> | T): Promise<T> {
  try {
    await assertSeen(route, call);
    return await answer();
  } catch (error) {
    if (call.caller.unchecked !== true || !(error instanceof DomainError) || error.kind !== 'NotFound') throw error;
    throw new DomainError('Unavailable', 'The issuer of tokens does not answer, so it is not known whether this is yours to see: try again.', { cause: error, retryAfter: 5 });
  }
}

/** The id of the collection that the path names. @throws NotFound where it does not exist */
export async function seenCollection({ services, params }: Pick<Call, 'services' | 'params'>): Promise<string> {
  const id = param({ params }, 'collectionId');
  if ((await findCollection(services.database.pool, id)) === undefined) throw notFound(`Collection ${id}`);
  return id;
}
