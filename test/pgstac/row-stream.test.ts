/** Streams of rows whose connection goes: whoever reads hears of it, at once or at the next row, and nobody waits for ever. */
import type { PoolClient } from 'pg';
import { isAway } from '../../src/database/away.js';
import { RowStream } from '../../src/pgstac/row-stream.js';
import { createTestDatabase, testsOnPostgres, type TestDatabase } from '../support/database.js';

const onPostgres = testsOnPostgres() ? it : it.skip;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 120_000);
afterAll(() => database.close());

/** Reads rows on a connection of its own until they end, `then` after the first. */
async function read(text: string, then: (client: PoolClient) => Promise<void> | void): Promise<number> {
  const client = await database.pool.connect();
  let rows = 0;
  try {
    for await (const _ of new RowStreamOf(client, text)) {
      rows += 1;
      if (rows === 1) await then(client);
    }
    return rows;
  } finally {
    client.release(true);
  }
}

class RowStreamOf extends RowStream {
  constructor(client: PoolClient, text: string) {
    super(client, text, [], { batchSize: 10 });
    client.query(this);
  }
}

const cut = (client: PoolClient): void => (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
const MANY = 'SELECT i FROM generate_series(1, 1000) AS i';

/** What became of it within two seconds. */
const outcome = (reading: Promise<number>): Promise<unknown> =>
  Promise.race([reading.catch((error: unknown) => (isAway(error) ? 'away' : error)), new Promise((resolve) => setTimeout(() => resolve('it hangs'), 2000).unref())]);

it('reads all rows of one that stays', async () => {
  expect(await outcome(read(MANY, () => undefined))).toBe(1000);
});

it('ends where the connection is cut between two rows', async () => {
  expect(await outcome(read(MANY, cut))).toBe('away');
});

it('ends where the connection was cut while nobody read', async () => {
  expect(await outcome(read(MANY, async (client) => {
    cut(client);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }))).toBe('away');
});

onPostgres('ends where the server ends the session while a row is waited for', async () => {
  const late = "SELECT i FROM generate_series(1, 10) AS i UNION ALL SELECT 11 FROM pg_sleep(20)";
  const ending = read(late, (client) => {
    const { processID } = client as unknown as { processID: number };
    setTimeout(() => void database.pool.query('SELECT pg_terminate_backend($1)', [processID]), 100);
  });
  expect(await outcome(ending)).toBe('away');
});
