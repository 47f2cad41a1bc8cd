/** How a command ends: its exit code, on errors and on Ctrl-C as well. */
import { CommanderError } from 'commander';
import { ClientError } from '../client/client.js';
import { ConfigError } from '../config.js';
import { DomainError, type Fault, messageOf } from '../errors.js';
import { progress, say } from './output.js';

/** What an exit code says; documented in the README. 130 and 143 are the shell's for SIGINT and SIGTERM. */
export const EXIT = { done: 0, failed: 1, usage: 2, partly: 3, interrupted: 130, terminated: 143 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error that is told in its own words and ends the command with this code. */
export class CommandError extends Error {
  constructor(message: string, readonly code: ExitCode = EXIT.failed, readonly faults: readonly Fault[] = []) {
    super(message);
    this.name = 'CommandError';
  }
}

/** The caller's words do not fit together. */
export const wrongUsage = (message: string): CommandError => new CommandError(message, EXIT.usage);

const MOST_FAULTS = 100;
/** What is under way may end in this time after an interruption: a rollback, a header that is being read. */
const GRACE_MS = 5000;

const faultsOf = (error: unknown): readonly Fault[] =>
  error instanceof DomainError || error instanceof ClientError || error instanceof CommandError ? error.faults : [];

/**
 * A command as commander calls it. Ctrl-C or SIGTERM aborts the signal that `work` gets, so that it can clean up; a second
 * one ends the program at once. What it throws goes to standard error, with --json to standard output as well.
 */
export function command<A extends readonly unknown[]>(work: (signal: AbortSignal, ...args: A) => Promise<ExitCode | void>) {
  return async (...args: A): Promise<void> => {
    const controller = new AbortController();
    let stopped: ExitCode | undefined;
    const stop = (code: ExitCode): void => {
      if (stopped !== undefined) process.exit(code);
      stopped = code;
      controller.abort(new CommandError('Interrupted.', code));
      setTimeout(() => {
        progress('stac-mosaic: interrupted.');
        process.exit(code);
      }, GRACE_MS).unref();
    };
    const [onInt, onTerm] = [() => stop(EXIT.interrupted), () => stop(EXIT.terminated)];
    process.on('SIGINT', onInt).on('SIGTERM', onTerm);
    try {
      process.exitCode = (await work(controller.signal, ...args)) ?? EXIT.done;
    } catch (error) {
      process.exitCode = stopped ?? report(error, wantsJson(args));
      if (stopped !== undefined) progress('stac-mosaic: interrupted.');
    } finally {
      process.off('SIGINT', onInt).off('SIGTERM', onTerm);
    }
  };
}

/** A command that has nothing to clean up: Ctrl-C ends it where it is. */
export const shortCommand = <A extends readonly unknown[]>(work: (...args: A) => Promise<void>) => async (...args: A): Promise<void> => {
  try {
    await work(...args);
  } catch (error) {
    process.exitCode = report(error, wantsJson(args));
  }
};

/** Commander hands the options over after the arguments. */
const wantsJson = (args: readonly unknown[]): boolean => args.some((arg) => typeof arg === 'object' && arg !== null && 'json' in arg && arg.json === true);

function report(error: unknown, json: boolean): ExitCode {
  const faults = faultsOf(error);
  progress(error instanceof ConfigError ? error.message : `stac-mosaic: ${messageOf(error)}`);
  // A single fault is the message itself.
  if (faults.length > 1) for (const { path, message } of faults.slice(0, MOST_FAULTS)) progress(`  ${path} ${message}`);
  if (faults.length > MOST_FAULTS) progress(`  … and ${faults.length - MOST_FAULTS} more`);
  if (json) say(JSON.stringify({ error: { message: messageOf(error), errors: faults } }));
  if (error instanceof CommandError) return error.code;
  return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
}

/** Prints the error of a command that runs on (serve) and ends the program. */
export const failWith = (error: unknown): never => process.exit(report(error, false));

/** Ends the program for an error of commander's: help and version are no errors, all else is wrong usage. */
export function exitOfUsage(error: unknown): never {
  if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  throw error;
}
