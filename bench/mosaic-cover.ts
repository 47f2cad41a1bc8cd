/** Milliseconds to burn and write mosaics of boxes and turned polygons, without database or HTTP: `node dist/bench/mosaic-cover.js`. */
import type { Polygon } from 'geojson';
import { buildMosaic } from '../src/mosaics/build.js';
import type { Footprint } from '../src/mosaics/footprints.js';

/** Footprints 0.2 to 1 degree wide over the world; `corners` 0 for boxes. */
function* footprints(count: number, corners: number): Generator<Footprint> {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let index = 0; index < count; index += 1) {
    const [x, y, r, turn] = [next() * 350 - 175, next() * 150 - 75, 0.1 + next() * 0.4, next() * 3];
    const href = `https://example.blob.core.windows.net/silver-cogs/bench/tile_${index}.tif`;
    const corner = (at: number): [number, number] => [x + r * Math.cos(turn + (at * 2 * Math.PI) / corners), y + r * Math.sin(turn + (at * 2 * Math.PI) / corners)];
    const ring = Array.from({ length: corners + 1 }, (_, at) => corner(at % corners));
    const polygon: Polygon = { type: 'Polygon', coordinates: [ring] };
    yield { href, geometry: corners === 0 ? [x - r, y - r, x + r, y + r] : polygon };
  }
}

for (const [name, corners] of [['boxes', 0], ['polygons', 4]] as const) {
  for (const count of [1000, 1000, 10_000, 100_000]) {
    const rows = [...footprints(count, corners)];
    const memory = process.memoryUsage().rss;
    const began = performance.now();
    const { document, quadkeys } = await buildMosaic(rows, { name, minzoom: 0, maxzoom: 12, quadkeyZoom: 8 });
    const burnt = performance.now();
    let length = 0;
    for (const piece of document) length += piece.length;
    const done = performance.now();
    const line = { name, count, quadkeys, burn: Math.round(burnt - began), write: Math.round(done - burnt), megabytes: Math.round(length / 1e6), rss: Math.round((process.memoryUsage().rss - memory) / 1e6) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
