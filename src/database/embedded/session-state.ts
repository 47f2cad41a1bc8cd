/** Settings and role of a session: how they are read from the one backend, and put back when another client's turn comes. */
import { quoteIdentifier, quoteLiteral } from './sql-text.js';

/** Who the backend itself is. */
export const SUPERUSER = 'postgres';

export interface SessionState {
  /** The session user; `SET SESSION AUTHORIZATION` changes it. */
  readonly user: string;
  /** `SET ROLE`, or undefined for none. */
  readonly role: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

/** The backend as it was when it started. */
export const NOBODY: SessionState = { user: SUPERUSER, role: undefined, settings: new Map() };

/**
 * Time limits that PGlite cannot keep: their timer fires in the idle backend, which then waits in wasm for its own end
 * (0.5.8: it spins for ever). They never reach it; the multiplexer keeps the first one itself.
 */
const TIME_LIMITS = ['idle_in_transaction_session_timeout', 'transaction_timeout', 'idle_session_timeout'];
const IDLE_IN_TRANSACTION = 'idle_in_transaction_session_timeout';

/** Equal for states that need no switch. */
export const stateKey = ({ user, role, settings }: SessionState): string =>
  JSON.stringify([user, role ?? null, [...settings].toSorted(([a], [b]) => (a < b ? -1 : 1))]);

/** SQL that turns any session into this one; as one simple query it happens as a whole or not at all. */
export function restoreSql({ user, role, settings }: SessionState): string {
  // Not RESET SESSION AUTHORIZATION, which in a standalone backend leaves the user as it is.
  const statements = [`SET SESSION AUTHORIZATION ${quoteIdentifier(SUPERUSER)}`, 'RESET ROLE', 'RESET ALL'];
  for (const [name, value] of settings) {
    statements.push(`SELECT pg_catalog.set_config(${quoteLiteral(name)},${quoteLiteral(value)},false)`);
  }
  if (user !== SUPERUSER) statements.push(`SET SESSION AUTHORIZATION ${quoteIdentifier(user)}`);
  if (role !== undefined) statements.push(`SET ROLE ${quoteIdentifier(role)}`);
  return statements.join(';');
}

/** Rows (kind, name, value); settings with a dot in their name are found only by asking for each. */
export function snapshotSql(customSettings: Iterable<string>): string {
  const custom = [...customSettings].map(quoteLiteral).join(',');
  return (
    `SELECT 's', name, setting FROM pg_catalog.pg_settings WHERE source = 'session' ` +
    `UNION ALL SELECT 'u', '', session_user UNION ALL SELECT 'r', '', pg_catalog.current_setting('role')` +
    (custom === ''
      ? ''
      : ` UNION ALL SELECT 'c', n, pg_catalog.current_setting(n, true) FROM pg_catalog.unnest(ARRAY[${custom}]) n`)
  );
}

export interface Snapshot extends SessionState {
  /** What the session asks for as idle_in_transaction_session_timeout, in milliseconds; undefined when it does not. */
  readonly idleInTransactionMs: number | undefined;
}

/** The state after a statement. A startup setting that is gone was RESET, which goes back to what startup said. */
export function readSnapshot(rows: readonly (readonly (string | null)[])[], base: ReadonlyMap<string, string>): Snapshot {
  let user = SUPERUSER;
  let role: string | undefined;
  const settings = new Map(base);
  for (const [kind, name, value] of rows) {
    if (value === null || value === undefined) continue;
    if (kind === 'u') user = value;
    else if (kind === 'r') role = value === 'none' ? undefined : value;
    else if (kind === 's' && typeof name === 'string' && !['role', 'session_authorization'].includes(name)) settings.set(name.toLowerCase(), value);
    else if (kind === 'c' && typeof name === 'string' && value !== '') settings.set(name, value);
  }
  return { user, role, ...withoutTimeLimits(settings) };
}

export function withoutTimeLimits(settings: ReadonlyMap<string, string>): Pick<Snapshot, 'settings' | 'idleInTransactionMs'> {
  const kept = new Map(settings);
  const idle = kept.get(IDLE_IN_TRANSACTION);
  for (const name of TIME_LIMITS) kept.delete(name);
  return { settings: kept, idleInTransactionMs: idle === undefined ? undefined : milliseconds(idle) };
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A time setting in milliseconds, its base unit; undefined when it is not one. */
export function milliseconds(value: string): number | undefined {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$/.exec(value) ?? [];
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit ?? 'ms'] ?? 1);
}

/** Switches the time limits off in the midst of a transaction that has set one. */
export const disarmSql = (): string =>
  `SELECT ${TIME_LIMITS.map((name) => `pg_catalog.set_config('${name}','0',false)`).join(',')}`;

/** Rows (may log in, name=value or null) of a user: what ALTER ROLE and ALTER DATABASE … SET say, weakest first. */
export const roleDefaultsSql = (user: string): string =>
  `SELECT r.rolcanlogin, s.setting FROM pg_catalog.pg_roles r
   LEFT JOIN (SELECT setdatabase, setrole, pg_catalog.unnest(setconfig) AS setting FROM pg_catalog.pg_db_role_setting) s
     ON s.setrole IN (0, r.oid) AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
   WHERE r.rolname = ${quoteLiteral(user)} ORDER BY s.setrole <> 0, s.setdatabase <> 0`;
