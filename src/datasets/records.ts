/** What we remember of datasets beside pgSTAC: the lock on an id, the content it was made of, and idempotency keys. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { conflict } from '../errors.js';
import type { JsonObject } from '../json.js';
import { DATASETS } from './collections.js';

type Queryable = Pool | ClientBase;

/** `Idempotency-Key`s live 24 hours (API.md section 2). */
const KEY_LIFE = "interval '24 hours'";

/** One writer of a dataset id at a time, until the transaction ends. */
export async function lockDataset(client: PoolClient, id: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`stac-mosaic dataset ${id}`]);
}

export interface Attempt {
  readonly id: string;
  /** Digest of the whole body. */
  readonly contentHash: string;
  readonly key: string | undefined;
}

/**
 * The first answer, where this request was answered before; undefined where the dataset does not exist yet.
 * @throws Conflict where the id exists with other content, or the key was used for other content
 */
export async function firstAnswer(db: Queryable, { id, contentHash, key }: Attempt): Promise<JsonObject | undefined> {
  if (key !== undefined) {
    const used = await db.query<{ request_hash: string; response: JsonObject }>(
      `SELECT request_hash, response FROM stac_mosaic.idempotency_keys WHERE key = $1 AND created_at > now() - ${KEY_LIFE}`,
      [key],
    );
    const row = used.rows[0];
    if (row !== undefined && row.request_hash !== contentHash) throw conflict('This Idempotency-Key was used with other content.');
    if (row !== undefined) return row.response;
  }
  const { rows } = await db.query<{ exists: boolean; content_hash: string | null; response: JsonObject | null }>(
    `SELECT EXISTS (SELECT 1 FROM pgstac.items WHERE collection = $2 AND id = $1) AS exists, c.content_hash, c.response
       FROM (SELECT 1) AS one LEFT JOIN stac_mosaic.dataset_contents c ON c.dataset_id = $1`,
    [id, DATASETS],
  );
  const row = rows[0];
  if (row?.exists !== true) return undefined;
  if (row.response !== null && row.content_hash === contentHash) return row.response;
  throw conflict(`Dataset ${id} exists with other content; DELETE /api/datasets/{id} makes room for another.`, [{ path: '/dataset/id', message: 'exists' }]);
}

export async function rememberAnswer(client: PoolClient, { id, contentHash, key }: Attempt, response: JsonObject): Promise<void> {
  const text = JSON.stringify(response);
  await client.query(
    `INSERT INTO stac_mosaic.dataset_contents (dataset_id, content_hash, response) VALUES ($1, $2, $3)
     ON CONFLICT (dataset_id) DO UPDATE SET content_hash = EXCLUDED.content_hash, response = EXCLUDED.response, updated_at = now()`,
    [id, contentHash, text],
  );
  await client.query(`DELETE FROM stac_mosaic.idempotency_keys WHERE created_at <= now() - ${KEY_LIFE}`);
  if (key === undefined) return;
  await client.query(
    `INSERT INTO stac_mosaic.idempotency_keys (key, request_hash, dataset_id, response) VALUES ($1, $2, $3, $4)`,
    [key, contentHash, id, text],
  );
}

/** After a delete the same request makes the dataset anew. */
export async function forgetAnswers(client: PoolClient, id: string): Promise<void> {
  await client.query('DELETE FROM stac_mosaic.dataset_contents WHERE dataset_id = $1', [id]);
  await client.query('DELETE FROM stac_mosaic.idempotency_keys WHERE dataset_id = $1', [id]);
}
