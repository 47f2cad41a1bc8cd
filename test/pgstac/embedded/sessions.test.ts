/** What belongs to a client's session stays with it: settings, role, channels, temporary tables. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
  const client = await server.client();
  await client.query('CREATE ROLE reader; CREATE ROLE visitor LOGIN; CREATE SCHEMA other; CREATE TABLE secret (id int)');
  await client.query("ALTER ROLE visitor SET search_path = other, public; ALTER ROLE visitor SET work_mem = '7MB'");
  await client.end();
}, 60_000);
afterEach(() => server.closeClients());
afterAll(() => server.stop());

const show = async (client: pg.Client, name: string): Promise<unknown> =>
  (await client.query<{ value: string }>('SELECT current_setting($1, true) AS value', [name])).rows[0]?.value;

describe('settings of a session', () => {
  it('are set by SET, set_config and SET TIME ZONE for one connection only', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query('SET search_path = other, public');
    await first.query("SELECT set_config('work_mem', '9MB', false)");
    await first.query("SET TIME ZONE 'Asia/Tokyo'");
    expect([await show(second, 'search_path'), await show(second, 'work_mem')]).toEqual(['"$user", public', '4MB']);
    expect(await show(second, 'TimeZone')).not.toBe('Asia/Tokyo');
    expect([await show(first, 'search_path'), await show(first, 'work_mem')]).toEqual(['other, public', '9MB']);
    expect(await show(first, 'TimeZone')).toBe('Asia/Tokyo');
  });

  it('with a dot in their name do not leak either', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query("SET pgstac.context = 'on'");
    expect((await show(second, 'pgstac.context')) || '').toBe('');
    expect(await show(first, 'pgstac.context')).toBe('on');
  });

  it('that were set in a transaction go with its rollback and stay with its commit', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query("BEGIN; SET work_mem = '11MB'");
    await first.query('ROLLBACK');
    expect(await show(first, 'work_mem')).toBe('4MB');
    await first.query("BEGIN; SET work_mem = '12MB'");
    await first.query('COMMIT');
    expect(await show(second, 'work_mem')).toBe('4MB');
    expect(await show(first, 'work_mem')).toBe('12MB');
  });

  it('come from startup options, and RESET ALL, RESET of one and DISCARD ALL go back to them', async () => {
    const options = "-c search_path=other,public --work-mem=5MB -c my.own=a\\ b";
    const [client, plain] = [await server.client({ options }), await server.client()];
    const state = async (): Promise<unknown[]> => [await show(client, 'search_path'), await show(client, 'work_mem'), await show(client, 'my.own')];
    expect(await state()).toEqual(['other,public', '5MB', 'a b']);
    for (const reset of ['RESET ALL', 'DISCARD ALL', 'SELECT 1; CLOSE ALL; UNLISTEN *; RESET ALL;']) {
      await client.query("SET work_mem = '20MB'; SET search_path = public");
      await client.query(reset);
      expect(await show(plain, 'work_mem')).toBe('4MB');
      expect(await state()).toEqual(['other,public', '5MB', 'a b']);
    }
    await client.query("SET work_mem = '20MB'");
    await client.query('RESET work_mem');
    expect(await show(client, 'work_mem')).toBe('5MB');
  });

  it('that do not exist end the connection as PostgreSQL does', async () => {
    const client = await server.client({ options: '-c no_such_setting=1' });
    await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '42704', severity: 'FATAL' });
    expect(await show(await server.client(), 'work_mem')).toBe('4MB');
  });

  it('of the role apply to who logs in as it', async () => {
    const visitor = await server.client({ user: 'visitor' });
    const { rows } = await visitor.query('SELECT session_user AS s, current_user AS c');
    expect(rows).toEqual([{ s: 'visitor', c: 'visitor' }]);
    expect([await show(visitor, 'search_path'), await show(visitor, 'work_mem')]).toEqual(['other, public', '7MB']);
    await expect(visitor.query('SELECT * FROM secret')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the role of a session', () => {
  it('is taken by SET ROLE for one connection only', async () => {
    const [first, second] = [await server.client(), await server.client()];
    await first.query('SET ROLE reader');
    await expect(second.query('SELECT * FROM secret')).resolves.toMatchObject({ rowCount: 0 });
    await expect(first.query('SELECT * FROM secret')).rejects.toMatchObject({ code: '42501' });
    await first.query('RESET ROLE');
    await expect(first.query('SELECT * FROM secret')).resolves.toMatchObject({ rowCount: 0 });
  });

  it('and the session user are let go with their connection', async () => {
    const first = await server.client();
    await first.query('SET SESSION AUTHORIZATION reader');
    await first.query('RESET SESSION AUTHORIZATION');
    expect((await first.query('SELECT session_user AS u')).rows).toEqual([{ u: 'postgres' }]);
    await first.query('SET SESSION AUTHORIZATION reader');
    await first.end();
    expect((await (await server.client()).query('SELECT session_user AS u, current_user AS c')).rows).toEqual([{ u: 'postgres', c: 'postgres' }]);
  });

  it('has to exist and to be allowed to log in', async () => {
    await expect((await server.client({ user: 'nobody' })).query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
    await expect((await server.client({ user: 'reader' })).query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
  });

  it('finds one database', async () => {
    await expect(server.client({ database: 'elsewhere' })).rejects.toMatchObject({ code: '3D000' });
  });
});

describe('notifications', () => {
  it('reach those who listen, and nobody else', async () => {
    const [listener, both, deaf, sender] = await Promise.all([server.client(), server.client(), server.client(), server.client()]);
    const heard: string[] = [];
    for (const [name, client] of Object.entries({ listener, both, deaf, sender })) {
      client.on('notification', ({ channel, payload }) => heard.push(`${name} ${channel} ${payload}`));
    }
    await listener.query('LISTEN news');
    await both.query('LISTEN news; LISTEN "Other"');
    await sender.query("NOTIFY news, 'one'");
    await sender.query(`SELECT pg_notify('Other', 'two')`);
    await both.query('UNLISTEN *');
    await sender.query("NOTIFY news, 'three'");
    await delay(50);
    expect(heard.toSorted()).toEqual(['both Other two', 'both news one', 'listener news one', 'listener news three']);
  });

  it('of a transaction come with its commit', async () => {
    const [listener, sender] = [await server.client(), await server.client()];
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('LISTEN later');
    await sender.query('BEGIN');
    await sender.query("NOTIFY later, 'rolled back'");
    await sender.query('ROLLBACK');
    await sender.query("BEGIN; NOTIFY later, 'committed'");
    await sender.query('COMMIT');
    await delay(50);
    expect(heard).toEqual(['committed']);
  });
});

describe('temporary tables', () => {
  it('are gone when the client that made them has left', async () => {
    const first = await server.client();
    await first.query('CREATE TEMP TABLE scratch (id int)');
    await first.end();
    await expect((await server.client()).query('CREATE TEMP TABLE scratch (id int)')).resolves.toBeDefined();
  });
});
