/** Bytes of PostgreSQL's protocol: messages cut out of any chunks, startup packets, fields. */
import {
  backend, checkFrontendHeader, cstring, errorResponse, int32, message, MessageReader, ProtocolError, query, readCString, readDataRow, readError, startupMessage, sync,
} from '../../../src/database/embedded/protocol.js';
import { parseOptions, parseStartup } from '../../../src/database/embedded/startup.js';

const packet = (version: number, ...parameters: string[]): Buffer => {
  const body = Buffer.concat([int32(version), ...parameters.map(cstring), Buffer.alloc(1)]);
  return Buffer.concat([int32(body.length + 4), body]);
};

describe('MessageReader', () => {
  it('finds the same messages whatever the chunks are', () => {
    const sent = [query('SELECT 1'), sync(), query('x'.repeat(300)), message(0x64, Buffer.alloc(100, 7))];
    const bytes = Buffer.concat(sent);
    for (const size of [1, 2, 3, 5, 7, 64, 1000]) {
      const reader = new MessageReader();
      const found: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        reader.push(bytes.subarray(at, at + size));
        for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next);
      }
      expect(found.map((m) => m.toString('hex'))).toEqual(sent.map((m) => m.toString('hex')));
    }
  });

  it('joins a message of many chunks once', () => {
    const big = message(0x64, Buffer.alloc(8 * 1024 ** 2));
    const reader = new MessageReader();
    const started = performance.now();
    for (let at = 0; at < big.length; at += 1024) {
      reader.push(big.subarray(at, at + 1024));
      if (at + 1024 < big.length) expect(reader.next()).toBeUndefined();
    }
    expect(reader.next()?.length).toBe(big.length);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('takes a startup packet and then typed messages', () => {
    const reader = new MessageReader();
    reader.push(Buffer.concat([startupMessage('u', 'd'), sync()]));
    expect(reader.startup()).toEqual(startupMessage('u', 'd'));
    expect(reader.next()).toEqual(sync());
    expect(reader.next()).toBeUndefined();
  });

  it.each([['HTTP', Buffer.from('GET / HT')], ['too short', int32(7)], ['negative', int32(-5)]])('refuses a startup length: %s', (_name, bytes) => {
    const reader = new MessageReader();
    reader.push(bytes);
    expect(() => reader.startup()).toThrow(ProtocolError);
  });
});

describe('checkFrontendHeader', () => {
  it('lets data be large and the rest not', () => {
    expect(() => checkFrontendHeader(0x64, 1024 ** 3)).not.toThrow();
    expect(() => checkFrontendHeader(0x64, 1024 ** 3 + 1)).toThrow(ProtocolError);
    expect(() => checkFrontendHeader(0x53, 4)).not.toThrow();
    expect(() => checkFrontendHeader(0x53, 3)).toThrow(ProtocolError);
    expect(() => checkFrontendHeader(0x45, 10_001)).toThrow(ProtocolError);
    expect(() => checkFrontendHeader(0x21, 4)).toThrow(ProtocolError);
  });
});

describe('fields of messages', () => {
  it('are read as they were written', () => {
    expect(readError(errorResponse('FATAL', '57P01', 'gone'))).toEqual(new Map([['S', 'FATAL'], ['V', 'FATAL'], ['C', '57P01'], ['M', 'gone']]));
    const row = message(backend.dataRow, Buffer.from([0, 3]), int32(2), Buffer.from('ab'), int32(-1), int32(0));
    expect(readDataRow(row)).toEqual(['ab', null, '']);
  });

  it('without an end are an error of the protocol', () => {
    expect(() => readCString(Buffer.from('abc'), 0)).toThrow(ProtocolError);
  });
});

describe('parseStartup', () => {
  it('reads user, database and settings', () => {
    expect(parseStartup(packet(196_608, 'user', 'me', 'application_name', 'app', 'options', '-c search_path=a,b'))).toEqual({
      kind: 'session', user: 'me', database: 'me', unknown: [], laterMinor: false,
      settings: new Map([['search_path', 'a,b'], ['application_name', 'app']]),
    });
  });

  it('knows requests for TLS, GSS and cancelling', () => {
    expect([80_877_103, 80_877_104, 80_877_102].map((code) => parseStartup(packet(code)).kind)).toEqual(['tls', 'tls', 'cancel']);
  });

  it('sets aside what later minor versions bring', () => {
    expect(parseStartup(packet(196_610, 'user', 'me', '_pq_.x', '1'))).toMatchObject({ unknown: ['_pq_.x'], laterMinor: true, settings: new Map() });
  });

  it.each([
    ['another major version', packet(131_072, 'user', 'me'), '0A000'],
    ['no user', packet(196_608, 'database', 'd'), '28000'],
    ['replication', packet(196_608, 'user', 'me', 'replication', 'database'), '0A000'],
    ['a parameter without a value', Buffer.concat([int32(13), int32(196_608), Buffer.from('user\0')]), '08P01'],
  ])('refuses %s', (_name, bytes, sqlState) => {
    expect(() => parseStartup(bytes)).toThrow(expect.objectContaining({ sqlState }));
  });
});

describe('parseOptions', () => {
  it.each([
    ['-c a=1 -cb=2 --c-d=3', { a: '1', b: '2', c_d: '3' }],
    [String.raw`-c search_path=one,\ two -c x=back\\slash`, { search_path: 'one, two', x: String.raw`back\slash` }],
    ['-c pgstac.context=on -B 10 -e', { 'pgstac.context': 'on' }],
    ['-c TimeZone=', { timezone: '' }],
    ['-c', {}],
    ['', {}],
  ])('of %s', (options, settings) => {
    expect(Object.fromEntries(parseOptions(options))).toEqual(settings);
  });
});
