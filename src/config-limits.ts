/** The variables that bound what one caller, or a slow one, may take (API.md section 7). */

export interface RateLimit {
  readonly requests: number;
  /** In so many milliseconds. */
  readonly windowMs: number;
}

export interface LimitsConfig {
  /** Requests of one caller in a time; undefined: any number. */
  readonly rateLimit: RateLimit | undefined;
  /** Requests of one caller that run at once; undefined: any number. */
  readonly concurrencyLimit: number | undefined;
  /** What a client may take to send the head of a request, milliseconds. */
  readonly headTimeoutMs: number;
  /** What a client may keep the server waiting for an NDJSON body in all, milliseconds, with one more for each byte that has come. */
  readonly uploadMs: number;
}

/** What the reader of config.ts offers. */
interface Variables {
  readonly problems: string[];
  text(name: string): string | undefined;
  integer(name: string, fallback: number, min: number, max: number): number;
}

const UNITS: Readonly<Record<string, number>> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const RATE = /^([1-9]\d{0,8})\s*(?:\/|per)\s*([1-9]\d{0,3})?\s*(second|minute|hour|day|s|m|h|d)s?$/i;

export function readLimits(variables: Variables): LimitsConfig {
  const concurrency = variables.integer('CONCURRENCY_LIMIT', 0, 0, 100_000);
  return {
    rateLimit: readRate(variables),
    concurrencyLimit: concurrency === 0 ? undefined : concurrency,
    headTimeoutMs: 1000 * variables.integer('HEADER_TIMEOUT_SECONDS', 20, 1, 600),
    uploadMs: 1000 * variables.integer('UPLOAD_SECONDS', 3600, 1, 86_400),
  };
}

/** `100/minute`, `20/10s`, `5000 per hour`; `off` is none. */
function readRate(variables: Variables): RateLimit | undefined {
  const value = variables.text('RATE_LIMIT') ?? 'off';
  if (value === 'off') return undefined;
  const [, requests, count = '1', letter = ''] = RATE.exec(value) ?? [];
  const unit = Object.entries(UNITS).find(([name]) => name.startsWith(letter.toLowerCase()))?.[1] ?? 0;
  // A timer holds no more than 24 days.
  const windowMs = Number(count) * unit;
  if (requests !== undefined && windowMs <= 7 * 86_400_000) return { requests: Number(requests), windowMs };
  variables.problems.push(`RATE_LIMIT must be off, or requests in a time of at most a week, as 100/minute, 20/10s or 5000/hour, not "${value}"`);
  return undefined;
}
