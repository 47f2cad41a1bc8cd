/** Takes an upload in that nobody sent: V8 compiles what has run often, and the first post after a start would wait for that. */
import type { Services } from '../services.js';
import { takeIn } from './intake.js';
import { uploadOfLines } from './lines.js';

/** 0.2 s. */
const TILES = 2000;
const TILES_A_PIECE = 100;

/** @throws where the database is away */
export async function warmUp(services: Services): Promise<void> {
  const { tiles } = await takeIn(await uploadOfLines(lines()), services, { signal: new AbortController().signal, purpose: () => 'write' });
  await tiles?.spool.close();
}

async function* lines(): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(`${JSON.stringify({ dataset: { id: 'warm-up', properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: TILES })}\n`);
  for (let from = 0; from < TILES; from += TILES_A_PIECE) {
    const piece = Array.from({ length: TILES_A_PIECE }, (_, i) => JSON.stringify(tile(from + i))).join('\n');
    yield await Promise.resolve(Buffer.from(`${piece}\n`));
  }
}

/** As an ETL names it; nothing is fetched. */
function tile(n: number): object {
  const [row, col] = [Math.floor(n / 100), n % 100];
  const [west, south] = [col - 50, row];
  return { href: `https://cogs.example.com/r${row}/tile_${n}.tif`, bbox: [west, south, west + 1, south + 1], index: n + 1, row, col, datetime: '2024-01-01T00:00:00Z', 'file:size': 1000 + n, gsd: 30, 'proj:code': 'EPSG:4326', bands: [{ name: 'data', data_type: 'float32' }] };
}
