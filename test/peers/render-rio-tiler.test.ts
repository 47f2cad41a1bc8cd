/** Tiles of the world against rio-tiler's: needs ../shared/data/world and STAC_MOSAIC_TEST_PYTHON with rio-tiler. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { silentLogger } from '../../src/log.js';
import { createTileRenderer } from '../../src/tiles/renderer.js';

const WORLD = resolve('../shared/data/world');
const PYTHON = process.env['STAC_MOSAIC_TEST_PYTHON'];
const SCRIPT = resolve('test/peers/python/render_world.py');
const ready = PYTHON !== undefined && existsSync(WORLD);
const title = ready ? 'tiles of the world' : 'tiles of the world (skipped: needs ../shared/data/world and STAC_MOSAIC_TEST_PYTHON)';

(ready ? describe : describe.skip)(title, () => {
  it('equal those of rio-tiler at zooms 0 to 3: within 1 of 255, and 99.9 % of the mask', async () => {
    const out = await mkdtemp(join(tmpdir(), 'stac-mosaic-rio-tiler-'));
    const assets = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).toSorted().map((name) => join(WORLD, name));
    const tiles = [0, 1, 2, 3].flatMap((z) => Array.from({ length: 4 ** z }, (_, i) => [z, i % 2 ** z, Math.floor(i / 2 ** z)] as const));
    const renderer = createTileRenderer({ policy: { allowedHosts: [], allowedFileRoots: [WORLD] }, logger: silentLogger() });
    try {
      await writeFile(join(out, 'request.json'), JSON.stringify({ assets, tiles }));
      await promisify(execFile)(PYTHON ?? '', [SCRIPT, join(out, 'request.json'), out]);
      let [difference, samples, unequal] = [0, 0, 0];
      for (const [z, x, y] of tiles) {
        const tile = await renderer.render({ tms: 'WebMercatorQuad', z, x, y, tileSize: 256, hrefs: assets.map((path) => pathToFileURL(path).href), format: 'png' });
        const ours = await sharp(tile.bytes).ensureAlpha().toColourspace('srgb').raw().toBuffer();
        const theirs = await readFile(join(out, `${z}-${x}-${y}.rgba`));
        expect(ours.length).toBe(theirs.length);
        for (let i = 0; i < ours.length; i += 4) {
          const [a, b] = [(ours[i + 3] ?? 0) > 0, (theirs[i + 3] ?? 0) > 0];
          if (a !== b) unequal++;
          if (!a || !b) continue;
          for (let band = 0; band < 3; band++) difference += Math.abs((ours[i + band] ?? 0) - (theirs[i + band] ?? 0));
          samples += 3;
        }
      }
      expect(samples).toBeGreaterThan(0);
      expect(difference / samples).toBeLessThanOrEqual(1);
      expect(unequal / (tiles.length * 65_536)).toBeLessThanOrEqual(0.001);
    } finally {
      await renderer.close();
      await rm(out, { recursive: true, force: true });
    }
  }, 180_000);
});
