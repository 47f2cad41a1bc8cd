/** COPY in and out, by simple query as psql and pg-copy-streams do, and by the extended protocol. */
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { from, to } from 'pg-copy-streams';
import { copyFail, query, sync } from '../../../src/database/embedded/protocol.js';
import { bind, codesOf, copyData, copyDone, describePortal, execute, letters, parse, rowsOf, TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
  await (await server.client()).query('CREATE TABLE points (id int, name text)');
}, 60_000);
beforeEach(async () => {
  await (await server.client()).query('TRUNCATE points');
});
afterEach(() => server.closeClients());
afterAll(() => server.stop());

const count = async (): Promise<number> =>
  (await (await server.client()).query<{ n: number }>('SELECT count(*)::int AS n FROM points')).rows[0]?.n ?? -1;

describe('COPY FROM STDIN', () => {
  it('takes 50,000 rows from a stream', async () => {
    const client = await server.client();
    const lines = Readable.from((function* () { for (let i = 0; i < 50_000; i += 1) yield `${i}\tname ${i}\n`; })());
    await pipeline(lines, client.query(from('COPY points FROM STDIN')));
    expect(await count()).toBe(50_000);
  });

  it('of a slow client does not hold the others', async () => {
    const client = await server.client();
    const copy = client.query(from('COPY points FROM STDIN'));
    copy.write('1\tone\n');
    await delay(100);
    expect(await count()).toBe(0);
    copy.end('2\ttwo\n');
    await once(copy, 'finish');
    expect(await count()).toBe(2);
  });

  it('inside a transaction is part of it', async () => {
    const client = await server.client();
    await client.query('BEGIN');
    await pipeline(Readable.from(['1\tone\n']), client.query(from('COPY points FROM STDIN')));
    expect((await client.query('SELECT * FROM points')).rowCount).toBe(1);
    await client.query('ROLLBACK');
    expect(await count()).toBe(0);
  });

  it('tells of bad data, of a table that does not exist, and of CopyFail; the connection goes on', async () => {
    const client = await server.client();
    const load = (sql: string, text: string): Promise<void> => pipeline(Readable.from([text]), client.query(from(sql)));
    await expect(load('COPY points FROM STDIN', 'x\ty\n')).rejects.toMatchObject({ code: '22P02' });
    await expect(load('COPY nowhere FROM STDIN', '1\n')).rejects.toMatchObject({ code: '42P01' });
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    const wire = await (await server.wire()).login();
    wire.send(query('COPY points FROM STDIN'));
    expect(letters(await wire.until('G'))).toBe('G');
    wire.send(copyData('1\tone\n'), copyFail('changed my mind'));
    expect(codesOf(await wire.until('Z'))).toEqual(['57014']);
    expect(await count()).toBe(0);
  });

  it('by the extended protocol takes its data between the first Sync and the second', async () => {
    const wire = await (await server.wire()).login();
    wire.send(parse('', 'COPY points FROM STDIN'), bind(''), describePortal(), execute(), sync());
    expect(letters(await wire.until('G'))).toBe('1 2 n G');
    wire.send(copyData('1\tone\n2\ttwo\n'), copyDone(), sync());
    expect(letters(await wire.until('Z'))).toBe('C Z');
    expect(await count()).toBe(2);
  });

  it('in a failed transaction is an error at once', async () => {
    const wire = await (await server.wire()).login();
    await wire.ask('BEGIN; SELECT 1/0');
    expect(codesOf(await wire.ask('COPY points FROM STDIN'))).toEqual(['25P02']);
    await wire.ask('ROLLBACK');
  });

  it('as one of several statements is refused instead of waiting for ever', async () => {
    const wire = await (await server.wire()).login();
    expect(codesOf(await wire.ask('SELECT 1; COPY points FROM STDIN; SELECT 2'))).toEqual(['57014']);
    wire.send(parse('', 'SELECT 1'), bind(''), execute(), parse('', 'COPY points FROM STDIN'), bind(''), execute(), sync());
    expect(codesOf(await wire.until('Z'))).toEqual(['57014']);
    expect(rowsOf(await wire.ask('SELECT 3'))).toEqual([['3']]);
  });

  it('that is cut off by a disconnect leaves nothing', async () => {
    const wire = await (await server.wire()).login();
    wire.send(query('COPY points FROM STDIN'));
    await wire.until('G');
    wire.send(copyData('1\tone\n'));
    wire.close();
    expect(await count()).toBe(0);
  });
});

describe('COPY TO STDOUT', () => {
  it('streams all rows, by text and binary', async () => {
    const client = await server.client();
    await client.query("INSERT INTO points SELECT n, 'name ' || n FROM generate_series(1, 30000) n");
    let bytes = 0;
    let lines = 0;
    for await (const chunk of client.query(to('COPY points TO STDOUT'))) {
      bytes += (chunk as Buffer).length;
      for (const byte of chunk as Buffer) if (byte === 10) lines += 1;
    }
    expect(lines).toBe(30_000);
    let binary = 0;
    for await (const chunk of client.query(to('COPY points TO STDOUT (FORMAT binary)'))) binary += (chunk as Buffer).length;
    expect(binary).toBeGreaterThan(bytes);
  });
});
