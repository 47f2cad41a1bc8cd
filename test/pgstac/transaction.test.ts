/** withTransaction on whichever database the run is on; what needs two backends only on PostgreSQL. */
import { withTransaction, UnknownOutcomeError } from '../../src/database/index.js';
import { toDomainError } from '../../src/pgstac/errors.js';
import { createTestDatabase, testsOnPostgres, type TestDatabase } from '../support/database.js';

const onPostgres = testsOnPostgres() ? it : it.skip;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.pool.query('CREATE TABLE public.accounts (id int PRIMARY KEY, balance int NOT NULL)');
}, 120_000);
beforeEach(async () => {
  await database.pool.query('TRUNCATE public.accounts; INSERT INTO public.accounts VALUES (1, 100), (2, 100)');
});
afterEach(() => {
  expect(database.pool.totalCount).toBe(database.pool.idleCount);
});
afterAll(() => database.close());

const balances = async (): Promise<number[]> => {
  const { rows } = await database.pool.query<{ balance: number }>('SELECT balance FROM public.accounts ORDER BY id');
  return rows.map((row) => row.balance);
};

/** Lets both sides of a race get to the same point before either goes on. */
function meeting(): () => Promise<void> {
  let arrived = 0;
  let open: () => void = () => undefined;
  const both = new Promise<void>((resolve) => (open = resolve));
  return async () => {
    arrived += 1;
    if (arrived >= 2) open();
    await both;
  };
}

describe('withTransaction', () => {
  it('commits what was written and passes the result on', async () => {
    const result = await withTransaction(database.pool, async (client) => {
      await client.query('UPDATE public.accounts SET balance = 1 WHERE id = 1');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await balances()).toEqual([1, 100]);
  });

  it('rolls back when the work throws, and throws the same', async () => {
    const failure = new Error('no');
    const run = withTransaction(database.pool, async (client) => {
      await client.query('UPDATE public.accounts SET balance = 1');
      throw failure;
    });
    await expect(run).rejects.toBe(failure);
    expect(await balances()).toEqual([100, 100]);
  });

  it('rolls back when a statement fails, even when the work swallows the error', async () => {
    const run = withTransaction(database.pool, async (client) => {
      await client.query('UPDATE public.accounts SET balance = 1');
      await client.query('INSERT INTO public.accounts VALUES (1, 1)').catch(() => undefined);
    });
    await expect(run).rejects.toThrow(/rolled back because one of its statements failed/);
    expect(await balances()).toEqual([100, 100]);
  });

  it('gives every client back, fifty failures in a row', async () => {
    for (let i = 0; i < 50; i += 1) {
      await expect(withTransaction(database.pool, (client) => client.query('SELECT 1/0'))).rejects.toMatchObject({ code: '22012' });
    }
    expect(await balances()).toEqual([100, 100]);
  });

  it('tries again when the database reports a serialization failure, and gives up after the retries', async () => {
    let runs = 0;
    const fail = withTransaction(
      database.pool,
      async (client) => {
        runs += 1;
        await client.query(`DO $$ BEGIN RAISE serialization_failure; END $$`);
      },
      { retries: 2 },
    );
    await expect(fail).rejects.toMatchObject({ code: '40001' });
    expect(runs).toBe(3);
  });

  onPostgres('brings both sides of a real deadlock through', async () => {
    const meet = meeting();
    let runs = 0;
    const move = (from: number, to: number): Promise<void> =>
      withTransaction(database.pool, async (client) => {
        runs += 1;
        await client.query('UPDATE public.accounts SET balance = balance - 10 WHERE id = $1', [from]);
        await meet();
        await client.query('UPDATE public.accounts SET balance = balance + 10 WHERE id = $1', [to]);
      });
    await Promise.all([move(1, 2), move(2, 1)]);
    expect(runs).toBe(3);
    expect(await balances()).toEqual([100, 100]);
  });

  onPostgres('brings both sides of a real serialization failure through', async () => {
    const meet = meeting();
    let runs = 0;
    const add = (): Promise<void> =>
      withTransaction(database.pool, async (client) => {
        runs += 1;
        await client.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        const { rows } = await client.query<{ balance: number }>('SELECT balance FROM public.accounts WHERE id = 1');
        await meet();
        await client.query('UPDATE public.accounts SET balance = $1 WHERE id = 1', [(rows[0]?.balance ?? 0) + 1]);
      });
    await Promise.all([add(), add()]);
    expect(runs).toBe(3);
    expect(await balances()).toEqual([102, 100]);
  });

  onPostgres('says that the outcome is unknown when the connection goes during COMMIT, and drops the client', async () => {
    // A deferred trigger runs inside COMMIT: it ends its own backend there.
    await database.pool.query(`
      CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER die AFTER INSERT ON public.accounts DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.die()`);
    const clients = database.pool.totalCount;
    const run = withTransaction(database.pool, (client) => client.query('INSERT INTO public.accounts VALUES (3, 3)'));
    await expect(run).rejects.toBeInstanceOf(UnknownOutcomeError);
    expect(database.pool.totalCount).toBeLessThanOrEqual(clients);
    await database.pool.query('DROP TRIGGER die ON public.accounts');
    expect(await balances()).toEqual([100, 100]);
  });

  onPostgres('survives a backend that is ended in the middle of the work', async () => {
    const run = withTransaction(database.pool, async (client) => {
      await client.query('UPDATE public.accounts SET balance = 1');
      await client.query('SELECT pg_terminate_backend(pg_backend_pid())');
    });
    const error = await run.catch((caught: unknown) => toDomainError(caught));
    expect(error).toMatchObject({ kind: 'Unavailable', retryAfter: 5 });
    expect(await balances()).toEqual([100, 100]);
  });
});
