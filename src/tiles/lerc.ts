/** LERC blocks (Esri's Limited Error Raster Compression), with deflate or zstd around them. */
import { createRequire } from 'node:module';
import type * as Lerc from 'lerc';
import { isFloat, type SampleArray, type SampleType } from './samples.js';

// Its ES module carries no sign of being one; the CommonJS file does not need it.
// eslint-disable-next-line typescript/no-unsafe-type-assertion -- the package's own declarations
const lerc = createRequire(import.meta.url)('lerc') as typeof Lerc;
let loading: Promise<void> | undefined;

export interface LercShape {
  readonly width: number;
  readonly rows: number;
  readonly samples: number;
  readonly type: SampleType;
}

/**
 * The samples of a block, interleaved; what its mask hides is NaN in floating point and 0 in integers, as in libtiff.
 * @throws Error for a block of another shape, also before much memory is taken
 */
export async function decodeLerc(packed: Uint8Array, { width, rows, samples, type }: LercShape): Promise<SampleArray> {
  await (loading ??= lerc.load());
  const info = lerc.getBlobInfo(packed);
  if (info.width !== width || info.height < rows || info.depthCount * info.bandCount !== samples) {
    throw new Error(`a LERC block of ${info.width} x ${info.height} x ${info.depthCount * info.bandCount} instead of ${width} x ${rows} x ${samples}`);
  }
  if (info.height > rows + 65_536 / width + 4096) throw new Error(`a LERC block of ${info.height} rows`);
  const { pixels, mask, bandMasks } = lerc.decode(packed, { returnInterleaved: true });
  const [first] = pixels;
  if (first === undefined || first instanceof Uint8ClampedArray) throw new Error('an empty LERC block');
  const out: SampleArray = pixels.length === 1 ? first : new Float64Array(width * info.height * samples);
  if (pixels.length > 1) pixels.forEach((band, b) => band.forEach((value, i) => (out[i * samples + b] = value)));
  const hidden = isFloat(type) ? Number.NaN : 0;
  const perPixel = out.length / (width * info.height);
  for (const [b, bandMask] of (bandMasks ?? (mask === null ? [] : [mask])).entries()) {
    for (let i = 0; i < bandMask.length; i++) {
      if (bandMask[i] !== 0) continue;
      if (bandMasks !== null && bandMasks.length > 1) out[i * perPixel + b] = hidden;
      else out.fill(hidden, i * perPixel, (i + 1) * perPixel);
    }
  }
  return out;
}
