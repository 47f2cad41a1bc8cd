/** The protocol itself, message by message: what drivers send that share a backend without knowing it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { cstring, int32, message, startupMessage, sync } from '../../../src/database/embedded/protocol.js';
import { bind, codesOf, copyDone, execute, flush, letters, parse, rowsOf, TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start();
}, 60_000);
afterEach(() => server.closeClients());
afterAll(() => server.stop());

describe('unnamed statements', () => {
  it('are each client’s own when their Parse and Bind interleave', async () => {
    const [a, b] = [await (await server.wire()).login(), await (await server.wire()).login()];
    a.send(parse('', "SELECT 'a' || $1"), sync());
    await a.until('Z');
    b.send(parse('', "SELECT 'b' || $1"), sync());
    await b.until('Z');
    a.send(bind('', '1'), execute(), sync());
    expect(rowsOf(await a.until('Z'))).toEqual([['a1']]);
    b.send(bind('', '2'), execute(), sync());
    const answer = await b.until('Z');
    expect(letters(answer)).toBe('2 D C Z');
    expect(rowsOf(answer)).toEqual([['b2']]);
  });

  it('of another client are never found instead of none', async () => {
    const [a, b] = [await (await server.wire()).login(), await (await server.wire()).login()];
    a.send(parse('', 'SELECT 1'), sync());
    await a.until('Z');
    b.send(bind(''), execute(), sync());
    expect(codesOf(await b.until('Z'))).toEqual(['26000']);
  });
});

describe('errors in the extended protocol', () => {
  it('skip up to the Sync, are answered with one ReadyForQuery, and leave the next client alone', async () => {
    const [a, b] = [await (await server.wire()).login(), await (await server.wire()).login()];
    a.send(parse('', 'SELEC 1'), bind(''), execute(), parse('', 'SELECT 2'), bind(''), execute(), sync());
    b.send(parse('', 'SELECT 3'), bind(''), execute(), sync());
    expect(letters(await a.until('Z'))).toBe('E Z');
    expect(rowsOf(await b.until('Z'))).toEqual([['3']]);
    expect(rowsOf(await a.ask('SELECT 4'))).toEqual([['4']]);
    expect([a.pending, b.pending]).toEqual(['', '']);
  });

  it('before a Flush skip what follows until the Sync', async () => {
    const wire = await (await server.wire()).login();
    wire.send(parse('', 'SELEC 1'), flush());
    await wire.until('E');
    wire.send(parse('', 'SELECT 1'), bind(''), execute(), flush(), sync());
    expect(letters(await wire.until('Z'))).toBe('Z');
  });
});

describe('a pipeline', () => {
  it('that flushes keeps the backend until its Sync', async () => {
    const [a, b] = [await (await server.wire()).login(), await (await server.wire()).login()];
    a.send(parse('', 'SELECT generate_series(1, 5)'), bind(''), execute(2), flush());
    await a.until('s');
    b.send(parse('', 'SELECT 9'), bind(''), execute(), sync());
    a.send(execute(2), flush());
    expect(rowsOf(await a.until('s'))).toEqual([['3'], ['4']]);
    expect(b.pending).toBe('');
    a.send(sync());
    await a.until('Z');
    expect(rowsOf(await b.until('Z'))).toEqual([['9']]);
  });

  it('that has only parsed, or flushes behind its Sync, holds nobody up', async () => {
    const [a, b] = [await (await server.wire()).login(), await (await server.wire()).login()];
    a.send(parse('later', 'SELECT 5'), flush());
    await a.until('1');
    expect(rowsOf(await b.ask('SELECT 6'))).toEqual([['6']]);
    a.send(bind('later'), execute(), sync(), flush());
    expect(rowsOf(await a.until('Z'))).toEqual([['5']]);
    expect(rowsOf(await b.ask('SELECT 7'))).toEqual([['7']]);
  });

  it('of three Syncs gets three answers in order', async () => {
    const wire = await (await server.wire()).login();
    wire.send(...[1, 2, 3].flatMap((n) => [parse(`s${n}`, `SELECT ${n}`), bind(`s${n}`), execute(), sync()]));
    const rows: unknown[] = [];
    for (let n = 0; n < 3; n += 1) rows.push(...rowsOf(await wire.until('Z')));
    expect(rows).toEqual([['1'], ['2'], ['3']]);
  });
});

describe('a goodbye', () => {
  it('comes after what was sent before it', async () => {
    const wire = await (await server.wire()).login();
    await wire.ask('CREATE TABLE IF NOT EXISTS farewell (id int)');
    wire.send(parse('', 'INSERT INTO farewell VALUES (1)'), bind(''), execute(), sync(), message(0x58));
    const other = await (await server.wire()).login();
    await wire.until('Z');
    expect(rowsOf(await other.ask('SELECT count(*) FROM farewell'))).toEqual([['1']]);
  });
});

describe('clients that speak something else', () => {
  const closes = async (bytes: Buffer, login: boolean): Promise<(string | undefined)[]> => {
    const wire = await server.wire();
    if (login) await wire.login();
    wire.send(bytes);
    const codes = codesOf(await wire.until('E'));
    for (let i = 0; i < 100 && !wire.closed; i += 1) await delay(20);
    expect(wire.closed).toBe(true);
    return codes;
  };

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), false],
    ['a startup packet that is too short', int32(4), false],
    ['protocol 2', Buffer.concat([int32(8), int32(131_072)]), false],
    ['no user', Buffer.concat([int32(9), int32(196_608), Buffer.alloc(1)]), false],
    ['an unknown message', message(0x21), true],
    ['a message longer than 1 GiB', Buffer.concat([Buffer.from('Q'), int32(2 ** 30 + 5)]), true],
    ['a negative length', Buffer.concat([Buffer.from('Q'), int32(-1)]), true],
    ['a query without an end', message(0x51, Buffer.from('SELECT 1')), true],
    ['a Bind without fields', Buffer.concat([message(0x42, Buffer.from('x')), sync()]), true],
  ])('are told why and cut off: %s', async (_name, bytes, login) => {
    expect((await closes(bytes, login))[0]).toMatch(/^(08P01|0A000|28000)$/);
    const after = await (await server.wire()).login();
    expect(rowsOf(await after.ask('SELECT 1'))).toEqual([['1']]);
  });

  it('lose the backend at once when they hold it', async () => {
    const [wire, other] = [await (await server.wire()).login(), await (await server.wire()).login()];
    await wire.ask('BEGIN');
    wire.send(message(0x21));
    const started = Date.now();
    expect(rowsOf(await other.ask('SELECT 1'))).toEqual([['1']]);
    expect(Date.now() - started).toBeLessThan(900);
  });

  it('ask for TLS and go on without', async () => {
    const { host, port } = server.database.connection;
    const socket = connect(`${host}/.s.PGSQL.${port}`);
    socket.write(Buffer.concat([int32(8), int32(80_877_103)]));
    expect(String((await once(socket, 'data'))[0])).toBe('N');
    socket.write(startupMessage('postgres', 'postgres'));
    expect(String((await once(socket, 'data'))[0]).startsWith('R')).toBe(true);
    socket.destroy();
  });

  it('ask for protocol 3.2 and are offered 3.0', async () => {
    const wire = await server.wire();
    const body = Buffer.concat([int32(196_610), ...['user', 'postgres', 'database', 'postgres', '_pq_.later', '1', ''].map(cstring)]);
    wire.send(Buffer.concat([int32(body.length + 4), body]));
    expect(letters(await wire.until('Z')).startsWith('v R S')).toBe(true);
  });

  it('cancel, which is heard and does nothing', async () => {
    const wire = await server.wire();
    wire.send(Buffer.concat([int32(16), int32(80_877_102), int32(1), int32(0)]));
    for (let i = 0; i < 100 && !wire.closed; i += 1) await delay(20);
    expect(wire.closed).toBe(true);
  });

  it('send COPY data nobody asked for, which is ignored', async () => {
    const wire = await (await server.wire()).login();
    wire.send(copyDone());
    expect(rowsOf(await wire.ask('SELECT 1'))).toEqual([['1']]);
  });
});
