/** PGlite with what pgSTAC needs of it. */
import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { unaccent } from '@electric-sql/pglite/contrib/unaccent';
import { postgis } from '@electric-sql/pglite-postgis';

/**
 * Durability: PGlite runs with fsync off, on NODEFS, which writes through to files. A commit that was answered survives
 * the death of the process by any signal (the kernel has its bytes), but not a power cut: that may lose the last seconds,
 * or need the folder restored from a copy. Whoever needs more sets DATABASE_URL.
 */
export async function openEngine(cluster: string): Promise<PGlite> {
  return PGlite.create({
    dataDir: cluster,
    username: 'postgres',
    extensions: { postgis, btree_gist, unaccent },
    startParams: [
      // PGlite's 'public' would hide what ALTER ROLE … SET search_path and a schema of the user's own mean.
      ...PGlite.defaultStartParams.map((parameter) => (parameter === 'search_path=public' ? 'search_path="$user", public' : parameter)),
      '-c', 'shared_buffers=16MB', // 115 MB less memory than with 128 MB; the kernel's cache is a copy away
    ],
  });
}
