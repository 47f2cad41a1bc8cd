/** A session's settings: what restores them, how a snapshot is read, which never reach the backend. */
import { milliseconds, readSnapshot, restoreSql, snapshotSql, stateKey, withoutTimeLimits } from '../../../src/database/embedded/session-state.js';

const state = (settings: Record<string, string>, role?: string) => ({ user: 'postgres', role, settings: new Map(Object.entries(settings)) });

describe('a session’s state', () => {
  it('has one key whatever the order of its settings', () => {
    expect(stateKey(state({ a: '1', b: '2' }))).toBe(stateKey(state({ b: '2', a: '1' })));
    expect(stateKey(state({ a: '1' }))).not.toBe(stateKey(state({ a: '1' }, 'reader')));
  });

  it('is restored with the role last, and quoted', () => {
    expect(restoreSql({ ...state({ 'my.x': "it's" }, 'r"x'), user: 'visitor' })).toBe(
      `SET SESSION AUTHORIZATION "postgres";RESET ROLE;RESET ALL;SELECT pg_catalog.set_config('my.x','it''s',false);SET SESSION AUTHORIZATION "visitor";SET ROLE "r""x"`,
    );
  });

  it('is read from a snapshot, where a startup setting that is gone was reset to startup’s value', () => {
    const base = new Map([['work_mem', '5MB'], ['search_path', 'a']]);
    const rows = [['s', 'search_path', 'b'], ['s', 'TimeZone', 'UTC'], ['u', '', 'visitor'], ['r', '', 'none'], ['c', 'my.x', '1'], ['c', 'my.y', null], ['c', 'my.z', '']];
    expect(readSnapshot(rows, base)).toEqual({
      user: 'visitor', role: undefined, idleInTransactionMs: undefined,
      settings: new Map([['work_mem', '5MB'], ['search_path', 'b'], ['timezone', 'UTC'], ['my.x', '1']]),
    });
  });

  it('asks for settings with a dot by name', () => {
    expect(snapshotSql(['my.x'])).toContain("ARRAY['my.x']");
    expect(snapshotSql([])).not.toContain('ARRAY');
  });

  it('keeps time limits from the backend, and the one on idle transactions for the multiplexer', () => {
    const limits = new Map([['idle_in_transaction_session_timeout', '2s'], ['transaction_timeout', '1'], ['idle_session_timeout', '1'], ['statement_timeout', '1']]);
    expect(withoutTimeLimits(limits)).toEqual({ settings: new Map([['statement_timeout', '1']]), idleInTransactionMs: 2000 });
  });

  it.each([['500', 500], ['2s', 2000], ['1min', 60_000], ['0', 0], ['1.5 s', 1500], ['soon', undefined]])('reads the time %s', (text, expected) => {
    expect(milliseconds(text)).toBe(expected);
  });
});
