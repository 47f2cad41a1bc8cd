/** What commands print: results on standard output, progress and errors on standard error. */
import { ConfigError, type Config, loadConfig } from '../config.js';
import { messageOf } from '../errors.js';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** The configuration of the environment; all its problems are printed at once. */
export function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    progress(error.message);
    return process.exit(2);
  }
}

/** Prints the error of a command and ends with 1. */
export function failWith(error: unknown): never {
  progress(`stac-mosaic: ${messageOf(error)}`);
  process.exit(1);
}
