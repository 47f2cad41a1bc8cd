/** What is read off a statement's text before it runs on the shared backend. */
import { quoteIdentifier, quoteLiteral, traitsOf } from '../../../src/database/embedded/sql-text.js';

describe('traitsOf', () => {
  it.each([
    'SET search_path = a', 'set local x = 1', 'RESET ALL', 'DISCARD ALL', "SELECT set_config('a', 'b', false)", 'BEGIN; SET ROLE r',
    'DO $$ BEGIN SET work_mem = 1; END $$', '/* why */ -- and\n SET a = 1', 'UPDATE t SET a = 1; SELECT 1; RESET a',
  ])('suspects a change of settings in %s', (sql) => expect(traitsOf(sql).settings).toBe(true));

  it.each(['SELECT 1', 'UPDATE t SET a = 1', 'INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 2', 'BEGIN', 'SELECT offset_settings FROM t'])(
    'finds none in %s', (sql) => expect(traitsOf(sql).settings).toBe(false),
  );

  it('tells COPY FROM STDIN from what only speaks of it', () => {
    expect(traitsOf('copy t (a, b) from stdin with (format binary)')).toMatchObject({ copyIn: true, copyBinary: true });
    expect(traitsOf('-- load\nCOPY "binary" FROM STDIN;')).toMatchObject({ copyIn: true, copyBinary: false });
    expect(traitsOf('COPY t TO STDOUT').mentionsStdin).toBe(false);
    expect(traitsOf("SELECT 'copy t from stdin'")).toMatchObject({ copyIn: false, mentionsStdin: true });
    expect(traitsOf('SELECT 1; COPY t FROM STDIN')).toMatchObject({ copyIn: false, mentionsStdin: true });
  });

  it('follows LISTEN and UNLISTEN in order, names folded as SQL does', () => {
    expect(traitsOf('LISTEN News; UNLISTEN "A b"; UNLISTEN *; DISCARD ALL').listens).toEqual([
      { listen: true, channel: 'news' }, { listen: false, channel: 'A b' }, { listen: false }, { listen: false },
    ]);
  });

  it('knows what is deallocated', () => {
    expect(traitsOf('DEALLOCATE PREPARE "Mine";')).toMatchObject({ deallocates: 'Mine', deallocatesAll: false });
    expect(traitsOf('deallocate all')).toMatchObject({ deallocates: undefined, deallocatesAll: true });
    expect(traitsOf('DEALLOCATE "all"')).toMatchObject({ deallocates: 'all', deallocatesAll: false });
    expect(traitsOf('SELECT 1; DISCARD ALL').deallocatesAll).toBe(true);
  });

  it('collects settings with a dot in their name', () => {
    expect(traitsOf(`SET pgstac.context = on; SET SESSION "a"."b" = 1; SELECT set_config('my.x', '1', false)`).customSettings).toEqual(['pgstac.context', 'a.b', 'my.x']);
  });

  it('takes a millisecond for a script of a megabyte', () => {
    const started = performance.now();
    traitsOf(`SELECT '${'set '.repeat(250_000)}'`);
    traitsOf(`/* ${'*'.repeat(1_000_000)}`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('quoting', () => {
  it('holds whatever the name or the text is', () => {
    expect(quoteIdentifier('a"b')).toBe('"a""b"');
    expect(quoteLiteral("it's")).toBe("'it''s'");
    expect(quoteLiteral(String.raw`a\'b`)).toBe(String.raw` E'a\\''b'`);
  });
});
