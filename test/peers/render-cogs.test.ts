/** Every COG of ../shared/data/cogs against rio-tiler: needs them and STAC_MOSAIC_TEST_PYTHON with rio-tiler. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { readCogHeader } from '../../src/cog/open.js';
import { silentLogger } from '../../src/log.js';
import { createSources } from '../../src/storage/sources.js';
import { createTileRenderer } from '../../src/tiles/renderer.js';
import { python } from '../support/cogeo-mosaic.js';

const COGS = resolve('../shared/data/cogs');
const ready = python !== undefined && existsSync(COGS);
const title = ready ? 'every COG' : 'every COG (skipped: needs ../shared/data/cogs and STAC_MOSAIC_TEST_PYTHON)';
const policy = { allowedHosts: [], allowedFileRoots: [COGS] };
const PIXELS = 65_536;

/**
 * The tiles around the raster's middle, from its coarsest zoom to one beyond its finest; with kernels only of what is
 * warped, since rasterio forgets them where a tile reaches beyond what is not, and at every third zoom from two below on.
 */
async function tilesOf(path: string, resampling: 'nearest' | 'bilinear'): Promise<[number, number, number][]> {
  const sources = createSources(policy);
  const header = await readCogHeader(await sources.open(pathToFileURL(path).href));
  const { maxzoom, bbox: [west, south, east, north] } = header;
  await sources.close();
  if (resampling === 'bilinear' && header.crs.code === 'EPSG:3857') return [];
  const minzoom = resampling === 'nearest' ? header.minzoom : Math.max(0, header.minzoom - 2);
  const middle = [(west + (east < west ? east + 360 : east)) / 2, Math.max(-80, Math.min(80, (south + north) / 2))] as const;
  const step = resampling === 'nearest' ? 1 : 3;
  return Array.from({ length: Math.floor((maxzoom - minzoom + 1) / step) + 1 }, (_, i) => {
    const z = minzoom + i * step;
    const n = 2 ** z;
    const y = Math.floor(((1 - Math.asinh(Math.tan((middle[1] * Math.PI) / 180)) / Math.PI) / 2) * n);
    return [z, Math.floor(((middle[0] + 180) / 360) * n) % n, y];
  });
}

/** Bands and mask of a NumPy file as numbers, whatever its type. */
function numbersOf(file: Uint8Array): Float64Array {
  const bytes = Buffer.from(file);
  const start = 10 + bytes.readUInt16LE(8);
  const code = /'descr': '[<|](\w\d)'/.exec(bytes.toString('latin1', 10, start))?.[1];
  const data = Uint8Array.from(bytes.subarray(start)).buffer;
  const types = { u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, f4: Float32Array, f8: Float64Array } as const;
  const type = Object.entries(types).find(([name]) => name === code)?.[1] ?? Uint8Array;
  return Float64Array.from(new type(data));
}

(ready ? describe : describe.skip)(title, () => {
  it.each(['nearest', 'bilinear'] as const)('is drawn as rio-tiler draws it, %s: within 1 of 255, and 99.9 %% of the mask', async (resampling) => {
    const out = await mkdtemp(join(tmpdir(), 'stac-mosaic-cogs-'));
    const renderer = createTileRenderer({ policy, workers: 1, logger: silentLogger() });
    try {
      const paths = ['formats', 'landsat'].flatMap((folder) => readdirSync(join(COGS, folder)).filter((name) => name.endsWith('.tif')).map((name) => join(COGS, folder, name)));
      const wanted = await Promise.all(paths.map(async (path) => ({ path, tiles: await tilesOf(path, resampling), resampling })));
      await writeFile(join(out, 'request.json'), JSON.stringify(wanted));
      await promisify(execFile)(python ?? '', [resolve('test/peers/python/render_cogs.py'), join(out, 'request.json'), out]);
      const wrong: string[] = [];
      for (const [number, { path, tiles }] of wanted.entries()) {
        if (tiles.length === 0) continue;
        let [difference, samples, unequal, compared] = [0, 0, 0, 0];
        for (const [z, x, y] of tiles) {
          const theirs = await readFile(join(out, `${number}-${z}-${x}-${y}.f8`)).then((bytes) => new Float64Array(Uint8Array.from(bytes).buffer), () => undefined);
          if (theirs === undefined) continue;
          const tile = await renderer.render({ tms: 'WebMercatorQuad', z, x, y, tileSize: 256, hrefs: [pathToFileURL(path).href], format: 'npy', style: { resampling, reproject: resampling } });
          const ours = numbersOf(tile.bytes);
          const bands = theirs.length / PIXELS - 1;
          if (tile.empty) {
            unequal += theirs.subarray(bands * PIXELS).filter((seen) => seen > 0).length;
            compared += PIXELS;
            continue;
          }
          const values = theirs.subarray(0, bands * PIXELS).filter((value, i) => Number.isFinite(value) && theirs[bands * PIXELS + (i % PIXELS)] !== 0);
          const scale = 255 / Math.max(1e-9, values.reduce((a, b) => Math.max(a, b), -Infinity) - values.reduce((a, b) => Math.min(a, b), Infinity));
          for (let i = 0; i < PIXELS; i++) {
            const [a, b] = [(ours[bands * PIXELS + i] ?? 0) > 0, (theirs[bands * PIXELS + i] ?? 0) > 0];
            compared++;
            if (a !== b) unequal++;
            for (let band = 0; band < (a && b ? bands : 0); band++) {
              const apart = Math.abs((ours[band * PIXELS + i] ?? 0) - (theirs[band * PIXELS + i] ?? 0));
              if (Number.isFinite(apart)) difference += apart * Math.min(1, scale);
              samples++;
            }
          }
        }
        const name = path.split('/').at(-1) ?? '';
        const mean = difference / Math.max(1, samples);
        if (compared === 0 || mean > 1 || unequal / compared > 0.001) wrong.push(`${name}: ${mean.toFixed(2)} apart, ${unequal} of ${compared} pixels of the mask`);
      }
      expect(wrong).toEqual([]);
    } finally {
      await renderer.close();
      await rm(out, { recursive: true, force: true });
    }
  }, 300_000);
});
