/** rio-tiler as a peer: its pixels of map tiles, compared with ours. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { python } from './cogeo-mosaic.js';

export type TilePlace = readonly [z: number, x: number, y: number];

/** Every tile of these zooms. */
export const allTiles = (zooms: readonly number[]): TilePlace[] =>
  zooms.flatMap((z) => Array.from({ length: 4 ** z }, (_, i): TilePlace => [z, i % 2 ** z, Math.floor(i / 2 ** z)]));

/**
 * Expects our PNGs of the tiles to be those of rio-tiler over `assets` (paths, the first on top): the mean difference of
 * what both have within 1 of 255, and 99.9 % of the mask. `draw` answers undefined for a tile without data.
 */
export async function expectSamePixels(assets: readonly string[], tiles: readonly TilePlace[], draw: (place: TilePlace) => Promise<Uint8Array | undefined>): Promise<void> {
  const out = await mkdtemp(join(tmpdir(), 'stac-mosaic-rio-tiler-'));
  try {
    await writeFile(join(out, 'request.json'), JSON.stringify({ assets, tiles }));
    await promisify(execFile)(python ?? '', [resolve('test/peers/python/render_world.py'), join(out, 'request.json'), out]);
    let [difference, samples, unequal] = [0, 0, 0];
    for (const place of tiles) {
      const theirs = await readFile(join(out, `${place.join('-')}.rgba`));
      const png = await draw(place);
      const ours = png === undefined ? Buffer.alloc(theirs.length) : await sharp(png).ensureAlpha().toColourspace('srgb').raw().toBuffer();
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
    await rm(out, { recursive: true, force: true });
  }
}
