/** Structured logs on standard error: standard output belongs to what a command prints for its user. */
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * What must not be read in a log, wherever it comes from: signatures of SAS tokens, keys and tokens in queries and headers,
 * passwords in URLs and connection strings. Each keeps its first group, the name.
 */
const SECRETS: readonly RegExp[] = [
  /((?:[?&;]|\\u0026|%26)(?:sig|skoid|access_token|api_key|apikey|key|token|password|code)(?:=|%3D))[^&\s"'\\;]+/gi,
  /((?:AccountKey|SharedAccessSignature|Password)=)[^;\s"'\\]+/gi,
  /(\b(?:Bearer|SharedKey|Basic)\s+)[\w.~+/=:-]+/g,
  /(\bx-api-key\\?["']?\s*[:=]\s*\\?["']?)[^\s"',\\]+/gi,
  /([a-z][a-z\d+.-]*:\/\/[^/\s:@"']+:)[^/\s@"']+(?=@)/gi,
];

/** The text without its secrets. */
export const withoutSecrets = (text: string): string => SECRETS.reduce((rest, secret) => rest.replace(secret, '$1***'), text);

/** A pino logger with ISO times; the level is `LOG_LEVEL`. Lines are looked through for secrets as they are written. */
export function createLogger(level: string, destination: { write(line: string): void } = pino.destination({ dest: 2, sync: false })): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: withoutSecrets },
      serializers: { err: errorFacts },
    },
    destination,
  );
}

/** A logger that says nothing, for tools and tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' });

/** How many causes of causes are told. */
const MOST_CAUSES = 5;

/** What tells errors apart, without what clients hang on to them: requests, headers, settings. */
function errorFacts(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error;
  const { cause } = error;
  const code: unknown = 'code' in error ? error.code : undefined;
  const kind: unknown = 'kind' in error ? error.kind : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof kind === 'string' ? { kind } : {}),
    stack: error.stack,
    ...(cause === undefined || depth >= MOST_CAUSES ? {} : { cause: errorFacts(cause, depth + 1) }),
  };
}
