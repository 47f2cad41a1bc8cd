/** What we remember of datasets beside pgSTAC: the lock on an id, the content it was made of, and idempotency keys. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { conflict } from '../errors.js';
import type { JsonObject } from '../json.js';
import { paths } from '../links.js';
import { decoded } from '../storage/azure-hrefs.js';
import { DATASETS } from './collections.js';
import { isOriginalHref } from './dataset-item.js';

type Queryable = Pool | ClientBase;

/** `Idempotency-Key`s live 24 hours (API.md section 2). */
const KEY_LIFE = "interval '24 hours'";

const lockName = (id: string): string => `stac-mosaic dataset ${id}`;

/** One writer of a dataset id at a time, until the transaction ends. */
export async function lockDataset(client: PoolClient, id: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockName(id)]);
}

/** The same without waiting: whether nobody else writes it. */
export async function tryLockDataset(client: PoolClient, id: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked', [lockName(id)]);
  return rows[0]?.locked === true;
}

export interface Attempt {
  readonly id: string;
  /** Digest of what was said of the dataset and each tile. */
  readonly contentHash: string;
  readonly key: string | undefined;
}

/** The answer that this key got before. @throws Conflict where it was used for other content */
export async function keyedAnswer(db: Queryable, { contentHash, key }: Attempt): Promise<JsonObject | undefined> {
  if (key === undefined) return undefined;
  const { rows } = await db.query<{ request_hash: string; response: JsonObject }>(
    `SELECT request_hash, response FROM stac_mosaic.idempotency_keys WHERE key = $1 AND created_at > now() - ${KEY_LIFE}`,
    [key],
  );
  const [row] = rows;
  if (row !== undefined && row.request_hash !== contentHash) throw conflict('This Idempotency-Key was used with other content.');
  return row?.response;
}

/** Whether the dataset exists or the key was used: then a POST can only be repeated or refused. */
export async function isKnown(db: Queryable, id: string, key: string | undefined): Promise<boolean> {
  const { rows } = await db.query<{ known: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pgstac.items WHERE collection = $2 AND id = $1)
         OR EXISTS (SELECT 1 FROM stac_mosaic.idempotency_keys WHERE key = $3 AND created_at > now() - ${KEY_LIFE}) AS known`,
    [id, DATASETS, key ?? null],
  );
  return rows[0]?.known === true;
}

/**
 * The first answer, where this request was answered before; undefined where the dataset does not exist yet.
 * @throws Conflict where the id exists with other content, or the key was used for other content
 */
export async function firstAnswer(db: Queryable, attempt: Attempt): Promise<JsonObject | undefined> {
  const keyed = await keyedAnswer(db, attempt);
  if (keyed !== undefined) return keyed;
  const { id, contentHash } = attempt;
  const { rows } = await db.query<{ exists: boolean; content_hash: string | null; response: JsonObject | null }>(
    `SELECT EXISTS (SELECT 1 FROM pgstac.items WHERE collection = $2 AND id = $1) AS exists, c.content_hash, c.response
       FROM (SELECT 1) AS one LEFT JOIN stac_mosaic.dataset_contents c ON c.dataset_id = $1`,
    [id, DATASETS],
  );
  const row = rows[0];
  if (row?.exists !== true) return undefined;
  if (row.response !== null && row.content_hash === contentHash) return row.response;
  throw conflict(`Dataset ${id} exists with other content; PUT /api/datasets/{id} replaces it.`, [{ path: '/dataset/id', message: 'exists' }]);
}

/** What a dataset's stored copies are made of. */
export interface CommittedDataset {
  readonly id: string;
  /** The mark of the attempt that was committed last; null for a dataset that was not written by us. */
  readonly attempt: string | null;
  readonly hasMetadata: boolean;
  /** Names that its item gives its stored description, also ones that were made otherwise than today's. */
  readonly originals: readonly string[];
  /** Its `thumbnail` is the picture that we draw. */
  readonly isPictured: boolean;
  /** A picture of its present tiles is stored. */
  readonly hasThumbnail: boolean;
  /** Some picture of it is stored. */
  readonly hadThumbnail: boolean;
}

const COMMITTED = `SELECT i.id, c.attempt, c.thumbnail, i.content #>> '{assets,metadata,href}' AS metadata, i.content #>> '{assets,thumbnail,href}' AS picture
  FROM pgstac.items i LEFT JOIN stac_mosaic.dataset_contents c ON c.dataset_id = i.id WHERE i.collection = '${DATASETS}'`;

interface CommittedRow {
  readonly id: string;
  readonly attempt: string | null;
  readonly thumbnail: string | null;
  readonly metadata: string | null;
  readonly picture: string | null;
}

/** As they end an href of ours, and decoded once, as they end that of a blob. */
function originalsIn(href: string): string[] {
  const [, name] = /\/(metadata\/original\/[^/?#]+)$/.exec(href) ?? [];
  return name === undefined ? [] : [name, decoded(name)];
}

const committed = ({ id, attempt, thumbnail, metadata, picture }: CommittedRow): CommittedDataset => ({
  id,
  attempt,
  hasMetadata: metadata !== null && isOriginalHref(metadata, id),
  originals: originalsIn(metadata ?? ''),
  isPictured: picture?.endsWith(paths.datasetPreview(id)) === true,
  hasThumbnail: thumbnail !== null && thumbnail === attempt,
  hadThumbnail: thumbnail !== null,
});

export async function committedDatasets(db: Queryable): Promise<CommittedDataset[]> {
  return (await db.query<CommittedRow>(COMMITTED)).rows.map(committed);
}

/** Undefined where the dataset does not exist. */
export async function committedAttempt(db: Queryable, id: string): Promise<CommittedDataset | undefined> {
  return (await db.query<CommittedRow>(`${COMMITTED} AND i.id = $1`, [id])).rows.map(committed)[0];
}

/** @param copies the mark of the attempt whose stored copies belong to what was written */
export async function rememberAnswer(client: PoolClient, { id, contentHash, key }: Attempt, response: JsonObject, copies: string): Promise<void> {
  const text = JSON.stringify(response);
  await client.query(
    `INSERT INTO stac_mosaic.dataset_contents (dataset_id, content_hash, response, attempt) VALUES ($1, $2, $3, $4)
     ON CONFLICT (dataset_id) DO UPDATE SET content_hash = EXCLUDED.content_hash, response = EXCLUDED.response, attempt = EXCLUDED.attempt, updated_at = now()`,
    [id, contentHash, text, copies],
  );
  await client.query(`DELETE FROM stac_mosaic.idempotency_keys WHERE created_at <= now() - ${KEY_LIFE}`);
  if (key === undefined) return;
  await client.query(
    `INSERT INTO stac_mosaic.idempotency_keys (key, request_hash, dataset_id, response) VALUES ($1, $2, $3, $4)`,
    [key, contentHash, id, text],
  );
}

/** The stored thumbnail was drawn of the tiles that were committed with this attempt. */
export async function rememberThumbnail(db: Queryable, id: string, attempt: string): Promise<void> {
  await db.query('UPDATE stac_mosaic.dataset_contents SET thumbnail = $2 WHERE dataset_id = $1 AND attempt = $2', [id, attempt]);
}

/** After a delete the same request makes the dataset anew. */
export async function forgetAnswers(client: PoolClient, id: string): Promise<void> {
  await client.query('DELETE FROM stac_mosaic.dataset_contents WHERE dataset_id = $1', [id]);
  await client.query('DELETE FROM stac_mosaic.idempotency_keys WHERE dataset_id = $1', [id]);
}
