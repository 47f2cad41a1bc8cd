/** The headers of 1,000 COGs read into items, of files and over HTTP: ours beside rio-stac, CPU of whole processes. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { installRioStac, RIO_STAC } from './peer.js';

const COUNT = 1000;
const ROUNDS = 5;
const run = promisify(execFile);
const script = (name: string): string => fileURLToPath(new URL(`../../bench/python/${name}`, import.meta.url));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export interface HeaderTimes {
  readonly name: string;
  /** CPU milliseconds, user and system, start-up and imports included; the middle of five. */
  readonly ours: number;
  readonly peer: number;
}

/** In turn, so that what else the machine does falls on both. rio-stac reads one file after the other, which costs it the least CPU. */
export async function measureHeaders(folder: string, say: (line: string) => void): Promise<HeaderTimes[]> {
  const python = installRioStac(folder);
  const cogs = join(folder, 'headers');
  await run(python, [script('make_cogs.py'), cogs, String(COUNT)]);
  const server = await serveRanges(cogs);
  try {
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    const times: HeaderTimes[] = [];
    for (const [name, ours, theirs] of [['files', pathToFileURL(cogs).href, cogs], ['HTTP', url, url]] as const) {
      const [mine, its]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round += 1) {
        mine.push(await cpuOf(process.execPath, [fileURLToPath(new URL('./read-headers.js', import.meta.url)), cogs, ours]));
        its.push(await cpuOf(python, [script('read_headers.py'), cogs, theirs]));
      }
      const time = { name: `${COUNT.toLocaleString('en')} headers, ${name}`, ours: median(mine), peer: median(its) };
      say(`${time.name}: ours ${time.ours.toFixed(0)} ms of CPU, ${RIO_STAC} ${time.peer.toFixed(0)} ms (${(time.ours / time.peer).toFixed(2)} of it)`);
      times.push(time);
    }
    return times;
  } finally {
    server.close();
  }
}

async function cpuOf(command: string, args: readonly string[]): Promise<number> {
  const { stdout } = await run(command, [...args]);
  const { count, cpu } = JSON.parse(stdout) as { count: number; cpu: number };
  if (count !== COUNT) throw new Error(`${command} ${args.join(' ')} read ${count} headers instead of ${COUNT}.`);
  return cpu;
}

/** Byte ranges of a folder's files, as a blob store answers them. */
async function serveRanges(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const file = openSync(join(folder, (request.url ?? '').slice(1)), 'r');
    const { size } = fstatSync(file);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const [, from = '0', to = ''] = range ?? [];
    const start = Number(from);
    const bytes = Buffer.alloc(Math.min(to === '' ? size : Number(to) + 1, size) - start);
    readSync(file, bytes, 0, bytes.length, start);
    closeSync(file);
    const headers = { 'accept-ranges': 'bytes', 'content-length': bytes.length };
    if (range === null) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${start + bytes.length - 1}/${size}` });
    response.end(bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
