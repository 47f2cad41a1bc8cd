/** What commands print: results on standard output, progress and errors on standard error. */
import { SingleBar } from 'cli-progress';
import { type Config, loadConfig } from '../config.js';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export const progress = (line: string): void => void process.stderr.write(`${line}\n`);

// Whoever reads our output may stop reading (`| head`): that is no error of ours, and there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

/** The configuration of the environment. @throws ConfigError with all its problems */
export const readConfig = (): Config => loadConfig();

export interface Progress {
  /** How many are done of how many. */
  update(done: number, total?: number): void;
  /** A line among the bar's. */
  line(text: string): void;
  stop(): void;
}

/** A bar on a terminal; nothing elsewhere, where lines alone are printed. @param unit what is counted, in the plural */
export function progressBar(what: string, unit: string, total: number): Progress {
  if (!process.stderr.isTTY) return { update: () => undefined, line: progress, stop: () => undefined };
  const bar = new SingleBar({
    format: `${what} {bar} {value}/{total} ${unit}, {eta_formatted} to go`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: true,
    fps: 8,
    etaBuffer: 500,
  });
  bar.start(total, 0);
  return {
    update(done, all) {
      if (all !== undefined) bar.setTotal(all);
      bar.update(done);
    },
    line(text) {
      process.stderr.write(`\r\u001B[2K${text}\n`);
    },
    stop: () => bar.stop(),
  };
}

/** `12 tiles`, `1 tile`. */
export const counted = (count: number, noun: string): string => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

/** Columns as wide as their widest cell; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, String(cell).length)), []);
  return rows.map((row) => row.map((cell, i) => (typeof cell === 'number' ? String(cell).padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ').trimEnd()).join('\n');
}
