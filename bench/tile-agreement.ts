/** How near our tiles are to rio-tiler's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import type { TilePlace } from './tile-sets.js';

export interface Agreement {
  /** Mean absolute difference of what both have, of 255. */
  readonly difference: number;
  /** Of the pixels, those that both have or both lack. */
  readonly mask: number;
}

/** @param draw our PNG of a tile, undefined where it has no data */
export async function agreementOf(
  python: string,
  assets: readonly string[],
  tiles: readonly TilePlace[],
  resampling: 'nearest' | 'bilinear',
  draw: (place: TilePlace) => Promise<Uint8Array | undefined>,
): Promise<Agreement> {
  const out = mkdtempSync(join(tmpdir(), 'stac-mosaic-rio-tiler-'));
  try {
    const script = fileURLToPath(new URL('../../bench/python/rio_tiler_tiles.py', import.meta.url));
    const { status } = spawnSync(python, [script, out], { input: JSON.stringify({ assets, tiles, resampling }), stdio: ['pipe', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`rio_tiler_tiles.py ended with ${status}.`);
    let [difference, samples, equal] = [0, 0, 0];
    for (const place of tiles) {
      const theirs = readFileSync(join(out, `${place.join('-')}.rgba`));
      const png = await draw(place);
      const ours = png === undefined ? Buffer.alloc(theirs.length) : await sharp(png).ensureAlpha().toColourspace('srgb').raw().toBuffer();
      for (let i = 0; i < theirs.length; i += 4) {
        const [a, b] = [(ours[i + 3] ?? 0) > 0, (theirs[i + 3] ?? 0) > 0];
        if (a === b) equal += 1;
        if (!a || !b) continue;
        for (let band = 0; band < 3; band += 1) difference += Math.abs((ours[i + band] ?? 0) - (theirs[i + band] ?? 0));
        samples += 3;
      }
    }
    return { difference: difference / samples, mask: equal / (tiles.length * 65_536) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
