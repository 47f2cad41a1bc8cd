/** Which pgSTAC release a database has, and the way from there to the one that is asked for. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';

/** pgSTAC releases that the server works with: from this one … */
const OLDEST = '0.9.9';
/** … up to but not including this one. */
const BEYOND = '0.11.0';
/** Incremental files exist from further back; from here on they have been tried. */
const OLDEST_UPGRADABLE = '0.9.0';

/** A pgSTAC that this server must not touch, or may not; the message says what to do. */
export class PgstacVersionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PgstacVersionError';
  }
}

/** Negative, zero or positive as `a` is older, equal or newer; releases are three numbers with dots. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) => release.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** True for a release that the server works with as it is. */
export const isSupported = (release: string): boolean =>
  /^\d+\.\d+\.\d+$/.test(release) && compareReleases(release, OLDEST) >= 0 && compareReleases(release, BEYOND) < 0;

/** The release that the database has, or undefined without pgSTAC. */
export async function installedRelease(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ has_schema: boolean; has_version: boolean }>(
    `SELECT to_regnamespace('pgstac') IS NOT NULL AS has_schema, to_regclass('pgstac.migrations') IS NOT NULL AS has_version`,
  );
  if (rows[0]?.has_schema !== true) return undefined;
  const version = rows[0].has_version
    ? (await client.query<{ version: string | null }>('SELECT pgstac.get_version() AS version')).rows[0]?.version
    : undefined;
  if (typeof version === 'string') return version;
  throw new PgstacVersionError('The database has a schema named "pgstac" without a pgSTAC release in it: it is not ours to fill.');
}

export type ReleasePlan =
  | { readonly action: 'keep'; readonly release: string }
  | { readonly action: 'install'; readonly release: string }
  | { readonly action: 'upgrade'; readonly from: string; readonly release: string };

/**
 * What is to be done to a database with `installed` when `wanted` is asked for. Releases never go down, and one that works
 * is upgraded only when `upgrade` says so, because other programs (titiler-pgstac names < 0.10) may share the database.
 */
export function planRelease(installed: string | undefined, wanted: string, upgrade: boolean): ReleasePlan {
  if (installed === undefined) return { action: 'install', release: wanted };
  const known = /^\d+\.\d+\.\d+$/.test(installed) && compareReleases(installed, BEYOND) < 0;
  if (!known || compareReleases(installed, OLDEST_UPGRADABLE) < 0) {
    throw new PgstacVersionError(
      `The database has pgSTAC ${installed}; this server knows ${OLDEST} to ${BEYOND} (exclusive) and upgrades from ${OLDEST_UPGRADABLE} on. ` +
        'Use another database, or bring this one into that range with "pypgstac migrate".',
    );
  }
  if (upgrade && compareReleases(installed, wanted) < 0) return { action: 'upgrade', from: installed, release: wanted };
  if (isSupported(installed)) return { action: 'keep', release: installed };
  throw new PgstacVersionError(
    `The database has pgSTAC ${installed}, which is older than ${OLDEST}: run "stac-mosaic migrate" to upgrade it to ${wanted}.`,
  );
}

/** The SQL files that carry out a plan, in order; `folder` holds pypgstac's migrations. */
export async function filesFor(plan: ReleasePlan, folder: string): Promise<string[]> {
  if (plan.action === 'keep') return [];
  const names = await readdir(folder);
  if (plan.action === 'install') {
    const base = `pgstac.${plan.release}.sql`;
    if (!names.includes(base)) throw new PgstacVersionError(`${folder} has no ${base}.`);
    return [join(folder, base)];
  }
  return shortestWay(plan.from, plan.release, names).map((name) => join(folder, name));
}

/** Breadth first over the incremental files `pgstac.<from>-<to>.sql`. */
function shortestWay(from: string, to: string, names: readonly string[]): string[] {
  const steps = names.flatMap((name) => {
    const match = /^pgstac\.(\d+\.\d+\.\d+)-(\d+\.\d+\.\d+)\.sql$/.exec(name);
    return match === null ? [] : [{ name, from: match[1] ?? '', to: match[2] ?? '' }];
  });
  const ways = new Map<string, string[]>([[from, []]]);
  for (const [release, way] of ways) {
    if (release === to) return way;
    for (const step of steps) {
      if (step.from === release && !ways.has(step.to)) ways.set(step.to, [...way, step.name]);
    }
  }
  throw new PgstacVersionError(`There is no upgrade from pgSTAC ${from} to ${to}.`);
}

/** A file's SQL without the BEGIN and COMMIT that some wrap themselves in: the whole way is one transaction of ours. */
export async function readMigration(path: string): Promise<string> {
  const sql = await readFile(path, 'utf8');
  return /^\s*BEGIN\s*;/i.test(sql) ? sql.replace(/^\s*BEGIN\s*;/i, '').replace(/COMMIT\s*;\s*$/i, '') : sql;
}
