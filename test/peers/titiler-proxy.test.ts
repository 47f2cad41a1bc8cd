/** TITILER_URL against the real ones: titiler-pgstac on our database, titiler's MosaicJSON over our document. */
import { resolve } from 'node:path';
import sharp from 'sharp';
import { makeCog } from '../support/cogs.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { startTitilerApp, stopTitiler, type Titiler, whyNoTitiler } from '../support/titiler.js';

const skipped = whyNoTitiler(['titiler.mosaic', 'cogeo_mosaic']);

(skipped === undefined ? describe : describe.skip)(skipped === undefined ? 'tiles through TiTiler' : `tiles through TiTiler (skipped: ${skipped})`, () => {
  let server: TestServer;
  const peers: Titiler[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    const href = await server.file('square.tif', await makeCog({ width: 256, height: 256, res: 20 / 256, west: 0, north: 20, block: 256, pixels: (x, y) => [x, y, 100] }));
    await postDataset(server, datasetBody('square', [{ href, bbox: [0, 0, 20, 20], index: 1 }], { mosaic: { quadkey_zoom: 5, minzoom: 1, maxzoom: 6 } }));
    const cache = { TITILER_PGSTAC_CACHE_DISABLE: 'true', MOSAIC_CACHE_DISABLE: 'true' };
    peers.push(await startTitilerApp(['titiler.pgstac.main:app'], { DATABASE_URL: server.services.config.database.url ?? '', ...cache }));
    peers.push(await startTitilerApp(['titiler_mosaic_app:app', '--app-dir', resolve('test/peers/python')], cache));
  }, 180_000);
  afterAll(async () => {
    for (const peer of peers) await stopTitiler(peer);
    await server?.close();
  });

  it.each(['pgstac', 'mosaicjson'] as const)('%s draws what we draw, with the same parameters', async (kind) => {
    const peer = peers[kind === 'pgstac' ? 0 : 1];
    const variant = await server.variant({ titiler: { url: peer?.url ?? '', kind } });
    try {
      for (const query of ['', '?bidx=2&rescale=0,200', '?bands=1&colormap=viridis', '?tilesize=512']) {
        const path = `/api/datasets/square/tiles/4/8/7.png${query}`;
        const [theirs, ours] = [await variant.request('GET', path), await server.request('GET', path)];
        expect({ path, status: theirs.status, said: theirs.status === 200 ? '' : theirs.body }).toEqual({ path, status: 200, said: '' });
        expect(theirs.headers['server-timing']).toMatch(/^titiler;dur=/);
        // Rescaled and coloured values are rounded differently (1.0 and 1.4); plain ones are the same.
        expect(await difference(theirs.bytes, ours.bytes)).toBeLessThan(/rescale|colormap/.test(query) ? 2 : 0.01);
      }
      const empty = await variant.request('GET', '/api/datasets/square/tiles/4/0/0.png');
      expect(empty.status).toBe(204);
      expect((await variant.request('GET', '/api/datasets/square/preview')).status).toBe(200);
    } finally {
      await variant.close();
    }
  }, 60_000);
});

/** Mean absolute difference of RGBA pixels, of 255. */
async function difference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = await Promise.all([one, other].map((png) => sharp(png).ensureAlpha().toColourspace('srgb').raw().toBuffer()));
  if (a === undefined || b === undefined || a.length !== b.length) return 255;
  return a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
}
