/** The configuration: the only file that reads the environment. All problems are reported at once (API.md section 7). */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AuthConfig, readAuth } from './config-auth.js';
import { type LimitsConfig, readLimits } from './config-limits.js';
import { readStorage, type StorageConfig } from './config-storage.js';
import { readTiles, type TilesConfig } from './config-tiles.js';

export interface DatabaseConfig {
  /** A libpq URL, or undefined for the embedded pgSTAC. */
  readonly url: string | undefined;
  /** A libpq URL of a streaming standby for what only reads. */
  readonly readUrl?: string | undefined;
  /** Whether a managed identity's token is the password. */
  readonly azureToken?: boolean | undefined;
  /** Encrypted where the URL does not say; undefined: as PGSSLMODE says. */
  readonly tls?: boolean | undefined;
  /** Connections in the pool, and in the standby's. */
  readonly poolSize: number;
  /** The pgSTAC release to install: 0.10.0, or 0.9.12 for titiler-pgstac's stated range. */
  readonly pgstacVersion: string;
}

export interface Config extends AuthConfig, LimitsConfig, StorageConfig, TilesConfig {
  readonly host: string;
  readonly port: number;
  /** The base of every link, without a trailing slash; undefined: taken from each request. */
  readonly publicUrl: string | undefined;
  /** A path prefix under which the API lives, '' or '/prefix'. */
  readonly rootPath: string;
  /** Which peers' forwarded headers count: express's `trust proxy` (false, a number of hops, or addresses). */
  readonly trustProxy: boolean | number | string;
  readonly database: DatabaseConfig;
  readonly dataDir: string;
  /** A folder whose embedded database a new one begins as a copy of; images carry one. */
  readonly embeddedTemplate: string | undefined;
  /** What can be fetched again: pgSTAC's SQL, the STAC schemas. */
  readonly cacheDir: string;
  /** A folder with the Python wheels, for machines without pip or network. */
  readonly wheelDir: string | undefined;
  /** Hosts that the server may fetch COGs from, lower case; naming a private host allows it. */
  readonly allowedHosts: readonly string[];
  /** Folders below which `file:` hrefs may be read, absolute. */
  readonly allowedFileRoots: readonly string[];
  readonly strictParameters: boolean;
  readonly corsOrigins: readonly string[];
  /** Limits of a JSON and of an NDJSON body in bytes. */
  readonly maxJsonBytes: number;
  readonly maxNdjsonBytes: number;
  /** How long a client may be silent in the middle of an NDJSON body. */
  readonly uploadIdleMs: number;
  /** A job whose tasks report nothing for so long expires; hours, also parts of one. */
  readonly jobTtlHours: number;
  /** How long the server goes on serving after the signal to stop while its probe says that it is not ready. */
  readonly drainDelayMs: number;
  readonly logLevel: string;
  /** Where spans are sent; undefined: nowhere. */
  readonly telemetry: { readonly endpoint: string; readonly serviceName: string } | undefined;
}

/** Every variable that is wrong, one line each. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const PGSTAC_VERSIONS = ['0.10.0', '0.9.12'];
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Reads variables one by one and remembers what is wrong with them. */
class Reader {
  readonly problems: string[] = [];
  constructor(private readonly env: Environment) {}

  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === '' ? undefined : value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    this.problems.push(`${name} must be a whole number from ${min} to ${max}, not "${value}"`);
    return fallback;
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (number >= min && number <= max) return number;
    this.problems.push(`${name} must be a number from ${min} to ${max}, not "${value}"`);
    return fallback;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.text(name);
    if (value === undefined) return fallback;
    if (['true', '1', 'yes'].includes(value.toLowerCase())) return true;
    if (['false', '0', 'no'].includes(value.toLowerCase())) return false;
    this.problems.push(`${name} must be true or false, not "${value}"`);
    return fallback;
  }

  oneOf(name: string, fallback: string, choices: readonly string[]): string {
    const value = this.text(name) ?? fallback;
    if (choices.includes(value)) return value;
    this.problems.push(`${name} must be one of ${choices.join(', ')}, not "${value}"`);
    return fallback;
  }

  list(name: string): string[] {
    return (this.text(name) ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');
  }

  httpUrl(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
      this.problems.push(`${name} must be an http(s) URL without query, not "${value}"`);
      return undefined;
    }
    return url.href.replace(/\/+$/, '');
  }
}

/** Reads the configuration from the environment, or throws a {@link ConfigError} that lists every problem. */
export function loadConfig(env: Environment = process.env): Config {
  const reader = new Reader(env);
  const dataDir = resolve(reader.text('DATA_DIR') ?? defaultDataDir(env));
  const host = reader.text('HOST') ?? '127.0.0.1';
  const config: Config = {
    host,
    port: reader.integer('PORT', 8080, 0, 65_535),
    publicUrl: reader.httpUrl('PUBLIC_URL'),
    rootPath: readRootPath(reader),
    trustProxy: readTrustProxy(reader),
    database: {
      url: readDatabaseUrl(reader),
      readUrl: readReplicaUrl(reader),
      ...readDatabaseAuth(reader),
      poolSize: reader.integer('DATABASE_POOL_SIZE', 10, 1, 1000),
      pgstacVersion: reader.oneOf('PGSTAC_VERSION', '0.10.0', PGSTAC_VERSIONS),
    },
    dataDir,
    cacheDir: resolve(reader.text('CACHE_DIR') ?? defaultCacheDir(env)),
    embeddedTemplate: reader.text('EMBEDDED_TEMPLATE'),
    wheelDir: reader.text('WHEEL_DIR'),
    ...readAuth(reader, host),
    ...readLimits(reader),
    ...readStorage(reader, dataDir),
    ...readTiles(reader),
    allowedHosts: reader.list('ALLOWED_HOSTS').map((name) => name.toLowerCase()),
    allowedFileRoots: reader.list('ALLOWED_FILE_ROOTS').map((folder) => resolve(folder)),
    strictParameters: reader.flag('STRICT_PARAMETERS', true),
    corsOrigins: reader.text('CORS_ORIGINS') === undefined ? ['*'] : reader.list('CORS_ORIGINS'),
    maxJsonBytes: 1024 * 1024 * reader.integer('MAX_BODY_MB', 32, 1, 4096),
    maxNdjsonBytes: 1024 * 1024 * reader.integer('MAX_BODY_MB', 512, 1, 4096),
    uploadIdleMs: 1000 * reader.integer('UPLOAD_IDLE_SECONDS', 60, 1, 3600),
    jobTtlHours: reader.number('JOB_TTL_HOURS', 72, 0.0001, 87_600),
    drainDelayMs: 1000 * reader.integer('DRAIN_DELAY_SECONDS', 0, 0, 25),
    logLevel: reader.oneOf('LOG_LEVEL', 'info', LOG_LEVELS),
    telemetry: readTelemetry(reader),
  };
  // A variable that is read twice, for two limits, is wrong once.
  if (reader.problems.length > 0) throw new ConfigError([...new Set(reader.problems)]);
  return config;
}

/** OpenTelemetry's own variables (its specification, SDK environment variables). */
function readTelemetry(reader: Reader): Config['telemetry'] {
  const endpoint = reader.httpUrl('OTEL_EXPORTER_OTLP_ENDPOINT');
  const serviceName = reader.text('OTEL_SERVICE_NAME') ?? 'stac-mosaic';
  return endpoint === undefined || reader.flag('OTEL_SDK_DISABLED', false) ? undefined : { endpoint, serviceName };
}

/** XDG base directories on Linux and elsewhere alike: one place for the user's data, one for what can be fetched again. */
const defaultDataDir = (env: Environment): string =>
  join(env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'stac-mosaic');

const defaultCacheDir = (env: Environment): string =>
  join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'stac-mosaic');

function readRootPath(reader: Reader): string {
  const path = (reader.text('ROOT_PATH') ?? '').replace(/\/+$/, '');
  if (path !== '' && !/^(\/[\w.~-]+)+$/.test(path)) {
    reader.problems.push(`ROOT_PATH must look like /prefix, not "${path}"`);
  }
  return path;
}

function readTrustProxy(reader: Reader): boolean | number | string {
  const value = reader.text('TRUST_PROXY');
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  return /^\d+$/.test(value) ? Number(value) : value;
}

/** `DATABASE_URL`, or libpq's and titiler-pgstac's own variables (API.md section 7). */
function readReplicaUrl(reader: Reader): string | undefined {
  const url = reader.text('DATABASE_READ_URL');
  if (url !== undefined && !POSTGRES_URL.test(url)) reader.problems.push('DATABASE_READ_URL must begin with postgresql://');
  if (url !== undefined && readDatabaseUrl(reader) === undefined) reader.problems.push('DATABASE_READ_URL needs DATABASE_URL, the primary of this standby');
  return url;
}

/** A token is never sent over a connection that is not encrypted, unless PGSSLMODE or the URL's sslmode says so. */
function readDatabaseAuth(reader: Reader): Pick<DatabaseConfig, 'azureToken' | 'tls'> {
  const isAzure = reader.oneOf('DATABASE_AUTH', 'password', ['password', 'azure']) === 'azure';
  if (isAzure && readDatabaseUrl(reader) === undefined) reader.problems.push('DATABASE_AUTH=azure needs DATABASE_URL, or POSTGRES_HOST');
  return { azureToken: isAzure, tls: isAzure && reader.text('PGSSLMODE') === undefined ? true : undefined };
}

const POSTGRES_URL = /^postgres(ql)?:\/\//;

function readDatabaseUrl(reader: Reader): string | undefined {
  const url = reader.text('DATABASE_URL');
  if (url !== undefined) {
    if (!POSTGRES_URL.test(url)) reader.problems.push('DATABASE_URL must begin with postgresql://');
    return url;
  }
  const part = (postgres: string, pg: string): string | undefined => reader.text(postgres) ?? reader.text(pg);
  const host = part('POSTGRES_HOST', 'PGHOST');
  if (host === undefined) return undefined;
  const user = encodeURIComponent(part('POSTGRES_USER', 'PGUSER') ?? 'postgres');
  const password = part('POSTGRES_PASS', 'PGPASSWORD');
  const database = encodeURIComponent(part('POSTGRES_DB', 'PGDATABASE') ?? 'postgres');
  const credentials = password === undefined ? user : `${user}:${encodeURIComponent(password)}`;
  const port = part('POSTGRES_PORT', 'PGPORT') ?? '5432';
  return host.startsWith('/')
    ? `postgresql://${credentials}@/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgresql://${credentials}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}
