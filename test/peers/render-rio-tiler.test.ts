/** Tiles of the world against rio-tiler's: needs ../shared/data/world and STAC_MOSAIC_TEST_PYTHON with rio-tiler. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { silentLogger } from '../../src/log.js';
import { createTileRenderer } from '../../src/tiles/renderer.js';
import { python } from '../support/cogeo-mosaic.js';
import { allTiles, expectSamePixels } from '../support/rio-tiler.js';

const WORLD = resolve('../shared/data/world');
const ready = python !== undefined && existsSync(WORLD);
const title = ready ? 'tiles of the world' : 'tiles of the world (skipped: needs ../shared/data/world and STAC_MOSAIC_TEST_PYTHON)';

(ready ? describe : describe.skip)(title, () => {
  it('equal those of rio-tiler at zooms 0 to 3: within 1 of 255, and 99.9 % of the mask', async () => {
    const assets = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).toSorted().map((name) => join(WORLD, name));
    const renderer = createTileRenderer({ policy: { allowedHosts: [], allowedFileRoots: [WORLD] }, logger: silentLogger() });
    try {
      await expectSamePixels(assets, allTiles([0, 1, 2, 3]), async ([z, x, y]) =>
        (await renderer.render({ tms: 'WebMercatorQuad', z, x, y, tileSize: 256, hrefs: assets.map((path) => pathToFileURL(path).href), format: 'png' })).bytes);
    } finally {
      await renderer.close();
    }
  }, 180_000);
});
