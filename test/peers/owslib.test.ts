/** OWSLib reads our WMTS capabilities, as QGIS plugins and notebooks do, and fetches a tile by them. */
import { execFile, execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { text } from '../support/client.js';
import { python } from '../support/cogeo-mosaic.js';
import { makeCog } from '../support/cogs.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer } from '../support/server.js';

function isInstalled(): boolean {
  try {
    if (python !== undefined) execFileSync(python, ['-c', 'import owslib.wmts'], { stdio: 'ignore' });
    return python !== undefined;
  } catch {
    return false;
  }
}
const ready = isInstalled();

(ready ? it : it.skip)(`a layer, its tile matrix sets and a tile are found${ready ? '' : ' (skipped: STAC_MOSAIC_TEST_PYTHON names no Python with OWSLib)'}`, async () => {
  const server = await startTestServer();
  try {
    const href = await server.file('wmts.tif', await makeCog({ width: 256, height: 256, res: 20 / 256, west: 0, north: 60, pixels: () => [200, 10, 10], block: 256 }));
    const { search_id: id } = await postDataset(server, datasetBody('wmts', [{ href, bbox: [0, 40, 20, 60], index: 1 }]));
    const search = text(id);
    const layer = `${search}_EuropeanETRS89_LAEAQuad_default`;
    const { stdout } = await promisify(execFile)(python ?? '', [resolve('test/peers/python/wmts_with_owslib.py'), `${server.url}/searches/${search}/WMTSCapabilities.xml?assets=data`, layer, 'EuropeanETRS89_LAEAQuad', '3', '4', '3']);
    const found: unknown = JSON.parse(stdout);
    expect(found).toMatchObject({ restonly: true, box: [0, 40, 20, 60], formats: ['image/png'], styles: ['default'], png: 'PNG', matrices: { WebMercatorQuad: 25, WorldCRS84Quad: 24, EuropeanETRS89_LAEAQuad: 16 } });
    expect((found as { layers: string[] }).layers).toContain(layer);
    expect((found as { scale: number }).scale).toBeCloseTo(62_779_017.857_142_9 / 8, 4);
  } finally {
    await server.close();
  }
}, 60_000);
