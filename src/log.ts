/** Structured logs on standard error: standard output belongs to what a command prints for its user. */
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** A pino logger with ISO times; the level is `LOG_LEVEL`. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** A logger that says nothing, for tools and tests. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
