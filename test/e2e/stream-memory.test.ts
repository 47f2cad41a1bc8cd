/** A stream of every match takes no more memory for many items than for few: 200,000 of 1 KB, with --long. */
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { Pool } from 'pg';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import { collectionBody } from '../support/datasets.js';
import { startServerProcess, type ServerProcess } from '../support/process.js';

const COUNT = 200_000;
const MB = 2 ** 20;

/** Filled by SQL and watched through /proc: on PostgreSQL and Linux. */
const long = process.env['TEST_LONG'] === '1' && testsOnPostgres() && process.platform === 'linux' ? it : it.skip;

let database: ServerDatabase | undefined;
let server: ServerProcess | undefined;

afterAll(async () => {
  await server?.stop();
  await database?.remove();
}, 60_000);

/** Resident memory of a process in bytes (proc(5), VmRSS in kB). */
const residentOf = async (pid: number | undefined): Promise<number> => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

async function fill(pool: Pool): Promise<void> {
  await pool.query(`SELECT pgstac.check_partition('huge', '[2020-01-01,2030-01-01]'::tstzrange, '[2020-01-01,2030-01-01]'::tstzrange)`);
  await pool.query(
    `INSERT INTO pgstac.items (id, geometry, collection, datetime, end_datetime, content)
     SELECT 'i' || n, ST_SetSRID(ST_Point(n % 360 - 180, n % 180 - 90), 4326), 'huge', t, t,
            jsonb_build_object('stac_version', '1.1.0', 'links', '[]'::jsonb, 'assets', '{}'::jsonb,
              'properties', jsonb_build_object('datetime', to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'pad', repeat(md5(n::text), 32)))
       FROM generate_series(1, $1::int) AS n CROSS JOIN LATERAL (SELECT '2021-01-01T00:00:00Z'::timestamptz + n * interval '1 minute' AS t) AS at`,
    [COUNT],
  );
}

/** Reads a stream to its end: how many records it had. */
const recordsOf = (url: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get(url, { headers: { accept: 'application/geo+json-seq' } }, (incoming) => {
      let records = 0;
      incoming.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(0x1e); at >= 0; at = chunk.indexOf(0x1e, at + 1)) records += 1;
      });
      incoming.on('end', () => resolve(records));
      incoming.on('error', reject);
    }).on('error', reject);
  });

long('200,000 items are streamed with less than 200 MB more', async () => {
  database = await createServerDatabase();
  server = await startServerProcess(database.env);
  const made = await fetch(`${server.url}/collections`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(collectionBody('huge')) });
  expect(made.status).toBe(201);
  const pool = new Pool({ connectionString: database.env['DATABASE_URL'], options: '-c search_path=pgstac,public' });
  await fill(pool);
  await pool.end();
  const { pid } = server.process;
  const before = await residentOf(pid);
  let most = 0;
  const watch = setInterval(() => void residentOf(pid).then((now) => (most = Math.max(most, now - before))), 100);
  expect(await recordsOf(`${server.url}/search?collections=huge`)).toBe(COUNT);
  clearInterval(watch);
  expect(most).toBeLessThan(200 * MB);
}, 900_000);
