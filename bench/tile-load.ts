/** Ten minutes of everything at once with 8 clients, then with 64: what is answered, and what it does to the memory. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { makeDemoCogs } from '../src/demo/cogs.js';
import { type LoadResult, mixedLoad } from './mixed-load.js';
import { startOurs } from './peer.js';
import { benchPostgres, freshDatabase } from './postgres.js';

const FOLDER = join(tmpdir(), 'stac-mosaic-bench');
const DOCS = new URL('../../docs/benchmarks/', import.meta.url);
/** Of each number of clients. */
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 600);

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function benchLoad(): Promise<void> {
  const cogs = join(FOLDER, 'cogs');
  mkdirSync(cogs, { recursive: true });
  const made = await makeDemoCogs(cogs);
  const { server, stop } = await benchPostgres();
  const database = new URL('/stac_mosaic_bench_load', server);
  try {
    await freshDatabase(server, database);
    const ours = await startOurs(fileURLToPath(new URL('../src/main.js', import.meta.url)), database, 18_085, FOLDER, { ALLOWED_FILE_ROOTS: cogs });
    try {
      const body = { dataset: { id: 'world', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: made.map(({ path }) => ({ href: pathToFileURL(path).href })) };
      const posted = await fetch(`${ours.url}/api/datasets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      if (posted.status !== 201) throw new Error(`POST /api/datasets answers ${posted.status}: ${await posted.text()}`);
      const results: [number, LoadResult][] = [];
      for (const clients of [8, 64]) {
        const result = await mixedLoad({ url: ours.url, dataset: 'world', clients, seconds: SECONDS, pid: ours.pid });
        results.push([clients, result]);
        say(`${clients} clients: ${JSON.stringify({ ...result, memory: minutes(result.memory) })}`);
      }
      write(results);
    } finally {
      await ours.stop();
    }
  } finally {
    await stop();
  }
}

/** The mean of each minute, or of each tenth where the whole is shorter. */
function minutes(memory: readonly number[]): number[] {
  const length = Math.min(60, Math.max(1, Math.floor(memory.length / 10)));
  return Array.from({ length: Math.floor(memory.length / length) }, (_, i) => Math.round(memory.slice(i * length, (i + 1) * length).reduce((a, b) => a + b, 0) / length));
}

function write(results: readonly [number, LoadResult][]): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
  const rows = results.map(([clients, { total, good, later, bad, left, median, slowest }]) =>
    `| ${clients} | ${total.toLocaleString('en')} | ${((good / total) * 100).toFixed(3)} % | ${later} | ${bad} | ${left} | ${median.toFixed(0)} ms | ${slowest.toFixed(0)} ms |`);
  const text = `# Everything at once

Made by \`npm run bench -- load\` on ${machine}: server, PostgreSQL and the clients share the machine. ${SECONDS / 60} minutes of each number of clients, without a pause
between answer and next request: map tiles of the demo dataset (z1 to z7, all formats, some known to the client, some given up), searches, mosaics, datasets, pages. A
client that hears 503 waits as \`Retry-After\` says.

| clients | answers | 2xx and 304 | 503 with \`Retry-After\` | other | given up by the client | middle | one in a hundred |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

Resident memory of the server with its workers, MB, the mean of each minute:

${results.map(([clients, { memory }]) => `- ${clients} clients: ${minutes(memory).join(', ')}`).join('\n')}
`;
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(new URL('load.md', DOCS), text);
  say(text);
}
