/** The key of page tokens, which every instance on a database shares. */
import type { Pool } from 'pg';

const keys = new WeakMap<Pool, Promise<Buffer>>();

/** 32 bytes, read once. */
export function pageKey(pool: Pool): Promise<Buffer> {
  const known = keys.get(pool);
  if (known !== undefined) return known;
  const read = readKey(pool);
  keys.set(pool, read);
  read.catch(() => keys.delete(pool));
  return read;
}

async function readKey(pool: Pool): Promise<Buffer> {
  const { rows } = await pool.query<{ value: Buffer }>("SELECT value FROM stac_mosaic.secrets WHERE name = 'page-tokens'");
  if (rows[0] === undefined) throw new Error('stac_mosaic.secrets has no key for page tokens.');
  return rows[0].value;
}
