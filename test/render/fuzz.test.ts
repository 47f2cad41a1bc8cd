/** COGs changed at random are drawn, or refused by name: never an error of another kind, soon, and in bounded memory. TEST_LONG=1 for 5,000. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DomainError } from '../../src/errors.js';
import { type Assets, createAssets } from '../../src/tiles/assets.js';
import { drawTile } from '../../src/tiles/draw.js';
import { MERCATOR_EDGE } from '../../src/tiles/matrices.js';
import type { AreaRequest } from '../../src/tiles/request.js';
import type { Style } from '../../src/tiles/style.js';
import { makeCog, type CogOptions } from '../support/cogs.js';
import { makeGeoTiff } from '../support/geotiff.js';
import { mutatedTiff, seeded } from '../support/mutate.js';

const LONG = process.env['TEST_LONG'] === '1';
const RUNS = LONG ? 5000 : 120;
/** Real files, with LERC, colour tables and other CRSs. */
const FORMATS = resolve('../shared/data/cogs/formats');

const STYLES: readonly Style[] = [{}, { resampling: 'bilinear', reproject: 'bilinear' }, { resampling: 'average' }, { bands: [1], reproject: 'cubic' }];

async function goodFiles(): Promise<Uint8Array[]> {
  const world: CogOptions = { width: 360, height: 180, block: 64, pixels: (x, y) => [x % 256, y, (x + y) % 256, 255] };
  const rgb: CogOptions = { ...world, pixels: (x, y) => [x % 256, y, (x + y) % 256] };
  const coded = (['deflate', 'jpeg', 'lzw', 'none', 'webp', 'zstd'] as const).map((compression) => makeCog({ ...rgb, compression }));
  const others = [makeCog({ ...rgb, mask: (x) => x > 20 }), makeCog({ ...world, bands: 4 }), makeCog({ ...world, bands: 1, dtype: 'uint16', pixels: (x) => [x * 100] })];
  const raw = [{ bigTiff: true, overviews: [2], mask: true }, { tile: 0 }, { bigEndian: true, overviews: [2] }].map((form) => makeGeoTiff({ width: 360, height: 180, bands: 3, origin: [-180, 90], ...form }));
  const real = LONG && existsSync(FORMATS) ? readdirSync(FORMATS).filter((name) => name.endsWith('.tif')).map((name) => readFileSync(join(FORMATS, name))) : [];
  return [...(await Promise.all([...coded, ...others])), ...raw, ...real];
}

/** A part of the raster, of a size that asks for its full image or for an overview. */
async function areaOn(assets: Assets, href: string, random: () => number): Promise<Pick<AreaRequest, 'epsg' | 'extent' | 'size'>> {
  const { raster: { header: { bbox: [west, south, east, north] } } } = await assets.open(href);
  const share = [1, 0.3, 0.02][Math.floor(random() * 3)] ?? 1;
  const epsg = random() < 0.5 ? 4326 : 3857;
  if (epsg === 3857) return { epsg, extent: [-MERCATOR_EDGE, 0, 0, MERCATOR_EDGE], size: { width: 128, height: 128 } };
  return { epsg, extent: [west, south, west + (east < west ? east + 360 - west : east - west) * share, south + (north - south) * share], size: { width: 128, height: 128 } };
}

test(`${RUNS} changed COGs are drawn or refused by name`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-fuzz-'));
  const assets = createAssets({ allowedHosts: [], allowedFileRoots: [folder] }, { blockBytes: 1_000_000 });
  const seed = LONG ? Date.now() : 20_261_122;
  const random = seeded(seed);
  const good = await goodFiles();
  const kinds = new Map<string, number>();
  const wrong: string[] = [];
  let warm = 0;
  try {
    for (let run = 0; run < RUNS; run++) {
      const path = join(folder, `changed-${run}.tif`);
      const bytes = mutatedTiff(good[Math.floor(random() * good.length)] ?? new Uint8Array(0), random);
      await writeFile(path, bytes);
      const href = pathToFileURL(path).href;
      const started = performance.now();
      const outcome = await areaOn(assets, href, random)
        .then((area) => drawTile({ ...area, hrefs: [href], format: 'tif', style: STYLES[run % STYLES.length] ?? {} }, assets))
        .then(({ empty }) => (empty ? 'empty' : 'drawn'), (error: unknown) => (error instanceof DomainError && (error.message.includes(`changed-${run}.tif`) || error.kind === 'InvalidInput') ? error.kind : `${String(error)} ${error instanceof Error ? (error.stack ?? '') : ''}`));
      const took = performance.now() - started;
      if (!['drawn', 'empty', 'Upstream', 'NotImplemented', 'InvalidInput'].includes(outcome) || took > 10_000) wrong.push(`run ${run} (${bytes.length} bytes) in ${took.toFixed(0)} ms: ${outcome}`);
      kinds.set(outcome, (kinds.get(outcome) ?? 0) + 1);
      await rm(path);
      if (run === 60) warm = process.memoryUsage.rss();
    }
  } finally {
    await assets.close();
    await rm(folder, { recursive: true, force: true });
  }
  expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(['drawn', 'Upstream']));
  expect((process.memoryUsage.rss() - warm) / 1e6).toBeLessThan(500);
}, LONG ? 1_200_000 : 60_000);
