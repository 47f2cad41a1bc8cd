/** What the database layer decides without a database: which pgSTAC to keep, and what an SQLSTATE means to the caller. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { filesFor, isSupported, planRelease, readMigration } from '../../src/database/pgstac-release.js';
import { conflict } from '../../src/errors.js';
import { toDomainError } from '../../src/pgstac/errors.js';

describe('planning a pgSTAC release', () => {
  it.each(['0.9.9', '0.9.10', '0.9.12', '0.10.0', '0.10.7'])('works with %s', (release) => {
    expect(isSupported(release)).toBe(true);
  });

  it.each(['0.9.8', '0.8.6', '0.11.0', '1.0.0', 'unreleased', '0.9.12-dev', ''])('does not work with "%s"', (release) => {
    expect(isSupported(release)).toBe(false);
  });

  it('installs what is asked for where there is none', () => {
    expect(planRelease(undefined, '0.9.12', false)).toEqual({ action: 'install', release: '0.9.12' });
  });

  it('keeps a release that works unless an upgrade is asked for, and never goes down', () => {
    expect(planRelease('0.9.12', '0.10.0', false)).toEqual({ action: 'keep', release: '0.9.12' });
    expect(planRelease('0.9.12', '0.10.0', true)).toEqual({ action: 'upgrade', from: '0.9.12', release: '0.10.0' });
    expect(planRelease('0.10.0', '0.9.12', true)).toEqual({ action: 'keep', release: '0.10.0' });
  });

  it('upgrades one that is too old to serve', () => {
    expect(() => planRelease('0.9.3', '0.10.0', false)).toThrow(/stac-mosaic migrate/);
    expect(planRelease('0.9.3', '0.10.0', true)).toEqual({ action: 'upgrade', from: '0.9.3', release: '0.10.0' });
  });

  it.each(['0.8.6', '0.11.0', 'unreleased'])('refuses %s even then', (release) => {
    expect(() => planRelease(release, '0.10.0', true)).toThrow(/pypgstac migrate/);
  });
});

describe("pgSTAC's files", () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-sql-'));
    const names = ['0.10.0', '0.9.12', '0.9.9-0.9.10', '0.9.10-0.9.11', '0.9.11-0.9.12', '0.9.10-0.9.12', '0.9.12-0.10.0', '0.9.9-unreleased'];
    for (const name of names) await writeFile(join(folder, `pgstac.${name}.sql`), 'SELECT 1;');
    await writeFile(join(folder, 'wrapped.sql'), '\nBEGIN;\nSELECT 1;\nDO $$ BEGIN; END $$;\nCOMMIT;\n');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const names = async (...plan: Parameters<typeof planRelease>): Promise<string[]> =>
    (await filesFor(planRelease(...plan), folder)).map((path) => basename(path));

  it('are one base file for an installation', async () => {
    expect(await names(undefined, '0.9.12', false)).toEqual(['pgstac.0.9.12.sql']);
  });

  it('are the shortest way for an upgrade', async () => {
    expect(await names('0.9.9', '0.10.0', true)).toEqual(['pgstac.0.9.9-0.9.10.sql', 'pgstac.0.9.10-0.9.12.sql', 'pgstac.0.9.12-0.10.0.sql']);
    await expect(names('0.9.1', '0.10.0', true)).rejects.toThrow('no upgrade from pgSTAC 0.9.1 to 0.10.0');
  });

  it('are read without the transaction that they wrap themselves in', async () => {
    expect((await readMigration(join(folder, 'wrapped.sql'))).trim()).toBe('SELECT 1;\nDO $$ BEGIN; END $$;');
    expect(await readMigration(join(folder, 'pgstac.0.10.0.sql'))).toBe('SELECT 1;');
  });
});

describe('toDomainError', () => {
  const state = (code: string): Error => Object.assign(new Error('raw text with SQL'), { code, severity: 'ERROR' });

  it.each([
    ['23505', 'Conflict'],
    ['23503', 'NotFound'],
    ['P0002', 'NotFound'],
    ['22007', 'InvalidInput'],
    ['22P05', 'InvalidInput'],
    ['40P01', 'Unavailable'],
    ['57014', 'Unavailable'],
    ['57P01', 'Unavailable'],
    ['08006', 'Unavailable'],
    ['42601', 'Internal'],
    ['23502', 'Internal'],
  ])('makes SQLSTATE %s %s, and shows nothing of the query', (code, kind) => {
    const error = toDomainError(state(code));
    expect(error.kind).toBe(kind);
    expect(error.message).not.toContain('SQL');
    expect(error.cause).toMatchObject({ code });
  });

  it.each([
    ['connect ECONNREFUSED', 'ECONNREFUSED'],
    ['Connection terminated unexpectedly', undefined],
    ['timeout exceeded when trying to connect', undefined],
  ])('tells when to come back while the database is away: %s', (message, code) => {
    expect(toDomainError(Object.assign(new Error(message), { code }))).toMatchObject({ kind: 'Unavailable', retryAfter: 5 });
  });

  it('leaves domain errors alone, and makes anything else Internal', () => {
    const domain = conflict('taken');
    expect(toDomainError(domain)).toBe(domain);
    expect(toDomainError(new TypeError('a bug')).kind).toBe('Internal');
    expect(toDomainError('text').kind).toBe('Internal');
  });
});
