/** Clients that share the one backend: transactions, cursors, errors, and those who leave in the middle. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import QueryStream from 'pg-query-stream';
import { TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start({ idleInTransactionMs: 700 });
  const client = await server.client();
  await client.query('CREATE TABLE notes (id int PRIMARY KEY, text text)');
}, 60_000);
beforeEach(async () => {
  const client = await server.client();
  await client.query('TRUNCATE notes');
});
afterEach(() => server.closeClients());
afterAll(() => server.stop());

const count = async (): Promise<number> => {
  const { rows } = await (await server.client()).query<{ count: number }>('SELECT count(*)::int FROM notes');
  return rows[0]?.count ?? -1;
};

describe('transactions on the embedded database', () => {
  it('are isolated: a second client waits until the first has committed', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query('BEGIN');
    await first.query("INSERT INTO notes VALUES (1, 'first')");
    let seen: number | undefined;
    const waiting = second.query<{ n: number }>('SELECT count(*)::int AS n FROM notes').then(({ rows }) => (seen = rows[0]?.n));
    await delay(50);
    expect(seen).toBeUndefined();
    await first.query('COMMIT');
    await waiting;
    expect(seen).toBe(1);
  });

  it('interleave on six clients without mixing their rows or their rollbacks', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => server.client()));
    await Promise.all(
      clients.map(async (client, n) => {
        for (let round = 0; round < 5; round += 1) {
          await client.query('BEGIN');
          await client.query('INSERT INTO notes VALUES ($1, $2)', [n * 100 + round, `client ${n}`]);
          const { rows } = await client.query('SELECT text FROM notes WHERE id = $1', [n * 100 + round]);
          expect(rows).toEqual([{ text: `client ${n}` }]);
          await client.query(round % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
        }
      }),
    );
    expect(await count()).toBe(18);
  });

  it('are rolled back when the client disconnects in the middle', async () => {
    const wire = await (await server.wire()).login();
    await wire.ask('BEGIN');
    await wire.ask("INSERT INTO notes VALUES (1, 'lost')");
    wire.close();
    expect(await count()).toBe(0);
  });

  it('are ended with 25P03 when they idle too long, and the others go on', async () => {
    const idler = await server.client();
    await idler.query('BEGIN');
    await idler.query("INSERT INTO notes VALUES (1, 'lost')");
    const failed = once(idler, 'error');
    const started = Date.now();
    expect(await count()).toBe(0);
    expect(Date.now() - started).toBeGreaterThan(500);
    await expect(failed).resolves.toMatchObject([{ code: '25P03', severity: 'FATAL' }]);
  });

  it('may ask for a shorter idle time of their own, at startup or by SET, without harm to the backend', async () => {
    for (const arm of ['startup', 'SET', 'in the transaction'] as const) {
      const idler = await server.client(arm === 'startup' ? { options: '-c idle_in_transaction_session_timeout=100' } : {});
      if (arm === 'SET') await idler.query("SET idle_in_transaction_session_timeout = '100ms'");
      await idler.query('BEGIN');
      if (arm === 'in the transaction') await idler.query("SET LOCAL idle_in_transaction_session_timeout = '100ms'");
      const failed = once(idler, 'error');
      const started = Date.now();
      expect(await count()).toBe(0);
      expect(Date.now() - started).toBeLessThan(600);
      await expect(failed).resolves.toMatchObject([{ code: '25P03' }]);
    }
  });

  it('that have failed say so until they end, to their client only', async () => {
    const [broken, other] = [await server.client(), await server.client()];
    await broken.query('BEGIN');
    await expect(broken.query('SELECT 1/0')).rejects.toMatchObject({ code: '22012' });
    await expect(broken.query('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
    const waiting = other.query('SELECT 2 AS two');
    await broken.query('ROLLBACK');
    await expect(waiting).resolves.toMatchObject({ rows: [{ two: 2 }] });
  });
});

describe('queries on the embedded database', () => {
  it('keep their own answers when every tenth of 400 on a pool of 8 fails', async () => {
    const pool = server.pool(8);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 400 }, (_, i) => pool.query<{ n: number }>(`SELECT 100 / $1::int AS q, $2::int AS n${i % 2 ? '' : ', 1'}`, [i % 10, i])),
    );
    for (const [i, outcome] of outcomes.entries()) {
      if (i % 10 === 0) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else expect(outcome).toMatchObject({ status: 'fulfilled', value: { rows: [{ n: i }] } });
    }
    await pool.end();
  });

  it('are answered on 60 connections at once', async () => {
    const clients = await Promise.all(Array.from({ length: 60 }, () => server.client()));
    const answers = await Promise.all(clients.map((client, i) => client.query<{ i: number }>('SELECT $1::int AS i', [i])));
    expect(answers.map(({ rows }) => rows[0]?.i)).toEqual(clients.map((_, i) => i));
  });

  it('of the same prepared name on two connections are two statements', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query({ name: 'same', text: 'SELECT 1 AS n' });
    await second.query({ name: 'same', text: 'SELECT 2 AS n' });
    expect((await first.query({ name: 'same', text: 'SELECT 1 AS n' })).rows).toEqual([{ n: 1 }]);
    expect((await second.query({ name: 'same', text: 'SELECT 2 AS n' })).rows).toEqual([{ n: 2 }]);
  });

  it('that were prepared live on when another client deallocates all of its own', async () => {
    const [first, second] = [await server.client(), await server.client()];
    const prepared = { name: 'mine', text: 'SELECT $1::int AS n' };
    await first.query({ ...prepared, values: [1] });
    for (const statement of ['DEALLOCATE ALL', 'DISCARD ALL']) {
      await second.query(statement);
      expect((await first.query({ ...prepared, values: [7] })).rows).toEqual([{ n: 7 }]);
    }
    await first.query('DEALLOCATE mine');
    await expect(first.query({ ...prepared, values: [7] })).rejects.toMatchObject({ code: '26000' });
  });

  it('with names of 63 letters that differ in the last one do not meet', async () => {
    const client = await server.client();
    const name = 'n'.repeat(62);
    await client.query({ name: `${name}a`, text: "SELECT 'a' AS l" });
    await client.query({ name: `${name}b`, text: "SELECT 'b' AS l" });
    expect((await client.query({ name: `${name}a`, text: "SELECT 'a' AS l" })).rows).toEqual([{ l: 'a' }]);
  });

  it('of a megabyte come and go whole', async () => {
    const client = await server.client();
    const text = 'ä'.repeat(2 ** 20);
    const { rows } = await client.query<{ text: string }>('SELECT $1::text AS text', [text]);
    expect(rows[0]?.text === text).toBe(true);
  });
});

describe('a cursor on the embedded database', () => {
  it('streams 20,000 rows whole while the others wait for its end', async () => {
    const [streaming, other] = [await server.client(), await server.client()];
    const stream = streaming.query(new QueryStream('SELECT n FROM generate_series(1, 20000) n', [], { batchSize: 1000 }));
    let sum = 0;
    let waiting: Promise<unknown> | undefined;
    for await (const row of stream) {
      sum += (row as { n: number }).n;
      waiting ??= other.query('SELECT 1');
    }
    expect(sum).toBe(200_010_000);
    await waiting;
  });

  it('that is destroyed early gives the backend back', async () => {
    const streaming = await server.client();
    const stream = streaming.query(new QueryStream('SELECT n FROM generate_series(1, 20000) n', [], { batchSize: 100 }));
    for await (const row of stream) {
      expect(row).toEqual({ n: 1 });
      break;
    }
    expect(await count()).toBe(0);
    expect((await streaming.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('that nobody reads on is ended like an idle transaction', async () => {
    const streaming = await server.client();
    const stream = streaming.query(new QueryStream('SELECT n FROM generate_series(1, 20000) n', [], { batchSize: 10, highWaterMark: 1 }));
    const ended = new Promise((resolve) => streaming.once('end', () => resolve(undefined)));
    await once(stream, 'readable');
    const started = Date.now();
    expect(await count()).toBe(0);
    expect(Date.now() - started).toBeGreaterThan(500);
    await ended;
    // The cursor itself: the stream would wait for a ReadyForQuery that a lost connection never brings (pg-query-stream 4.17).
    await expect(stream.cursor.read(1)).rejects.toMatchObject({ code: '25P03' });
  });
});
