/** Assets that do not answer: a tile waits for them, but not for ever, nor for a client who has left. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Assets, createAssets } from '../../src/tiles/assets.js';
import { drawTile } from '../../src/tiles/draw.js';
import type { TileRequest } from '../../src/tiles/request.js';
import { makeCog } from '../support/cogs.js';

const SILENT = 'https://silent.example.com/a.tif?sig=secret';
let folder: string;
let assets: Assets;
let good: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-patience-'));
  const path = join(folder, 'good.tif');
  await writeFile(path, await makeCog({ width: 360, height: 180, pixels: () => [1, 2, 3] }));
  good = pathToFileURL(path).href;
  const real = createAssets({ allowedHosts: [], allowedFileRoots: [folder] });
  assets = { ...real, open: (href) => (href.startsWith('https:') ? new Promise(() => undefined) : real.open(href)) };
});
afterAll(async () => {
  await assets.close();
  await rm(folder, { recursive: true, force: true });
});

const tile = (...hrefs: string[]): TileRequest => ({ tms: 'WebMercatorQuad', z: 1, x: 0, y: 0, tileSize: 256, hrefs, format: 'png' });
const NAMED = 'https://silent.example.com/a.tif: it could not be read within';

test('an asset that does not answer in its time fails, and those below it are drawn', async () => {
  const drawn = await drawTile(tile(SILENT, good), assets, undefined, { asset: 50, tile: 5000 });
  expect(drawn).toMatchObject({ empty: false, used: [good], failed: [{ href: 'https://silent.example.com/a.tif', message: expect.stringContaining(NAMED) as unknown }] });
});

test('alone it makes the tile fail as late', async () => {
  await expect(drawTile(tile(SILENT), assets, undefined, { asset: 50, tile: 5000 })).rejects.toMatchObject({ kind: 'UpstreamTimeout', message: expect.stringContaining(NAMED) as unknown });
});

test('many of them take no longer than the tile may, and it says that something is missing', async () => {
  const started = performance.now();
  const late = drawTile(tile(...Array.from({ length: 100 }, (_, i) => `${SILENT}&${i}`), good), assets, undefined, { asset: 50, tile: 200 });
  await expect(late).rejects.toMatchObject({ kind: 'UpstreamTimeout' });
  expect(performance.now() - started).toBeLessThan(3000);
  const cut = await drawTile(tile(good), assets, undefined, { asset: 50, tile: 0 }).catch((error: unknown) => error);
  expect(cut).toMatchObject({ kind: 'UpstreamTimeout' });
});

test('a client who leaves ends the waiting at once', async () => {
  const leaving = new AbortController();
  const drawing = drawTile(tile(SILENT, good), assets, leaving.signal);
  setTimeout(() => leaving.abort(), 20);
  await expect(drawing).rejects.toMatchObject({ name: 'AbortError' });
});
