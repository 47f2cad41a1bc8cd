/** Options that several commands share, and how their values are read. */
import { InvalidArgumentError, Option } from 'commander';
import { parseSize, sizeText } from '../plan/sizes.js';

export const DEFAULT_SERVER = 'http://127.0.0.1:8080';

/** A whole number within bounds. @throws InvalidArgumentError, which commander prints with the option's name */
export const whole = (min: number, max: number) => (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`A whole number from ${min} to ${max} is needed.`);
  return value;
};

function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new InvalidArgumentError('A size such as 1GB, 512MB or 2GiB is needed.');
  return bytes;
}

/** The base of a server's API, without a trailing slash. */
export function serverUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new InvalidArgumentError(`A URL such as ${DEFAULT_SERVER} is needed.`);
  return text.replace(/\/+$/, '');
}

/** An option with a size, its default shown as it is written. */
export const sizeOption = (flags: string, description: string, fallback: number): Option => new Option(flags, description).argParser(size).default(fallback, sizeText(fallback));

/** A new one each time: commander keeps state in it. @param fallback false: the command works without a server */
export function serverOption(fallback = true): Option {
  const option = new Option('--server <url>', 'the server to talk to').env('STAC_MOSAIC_SERVER').argParser(serverUrl);
  return fallback ? option.default(DEFAULT_SERVER) : option;
}

export const keyOption = (): Option =>
  new Option('--key <key>', 'an API key or bearer token for the server; better in the variable, since other users of the machine see arguments').env('STAC_MOSAIC_KEY');

export const jsonOption = (): Option => new Option('--json', 'prints the result as JSON');

export interface ServerOptions {
  readonly server: string;
  readonly key?: string;
}

export interface JsonOptions {
  readonly json?: boolean;
}
