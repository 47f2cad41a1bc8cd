/** How a tile looks: which bands or expressions, stretched and coloured how. Plain data, which crosses threads. */
import type { Resampling } from './kernels.js';

export const PIXEL_SELECTIONS = ['first', 'highest', 'lowest', 'mean', 'median'] as const;
export type PixelSelection = (typeof PIXEL_SELECTIONS)[number];

export type Rgba = readonly [r: number, g: number, b: number, a: number];

/** Colours of single values, or of half-open intervals; later intervals cover earlier ones. */
export type Colormap =
  | { readonly type: 'values'; readonly colours: readonly (readonly [value: number, colour: Rgba])[] }
  | { readonly type: 'intervals'; readonly colours: readonly (readonly [from: number, to: number, colour: Rgba])[] };

/** One asset of each item and what is taken of it, titiler's `assets=name|bidx=1,2`: all its bands but alpha, unless told. */
export interface AssetWish {
  readonly name: string;
  readonly bands?: readonly (number | string)[];
  readonly expressions?: readonly string[];
}

export interface Style {
  /**
   * Assets of an item whose bands follow one another as `b1`, `b2`, …: `expressions` are over those, or over `name_b1`.
   * Without it an item has one asset, and `bands` and `expressions` are of the bands of its file.
   */
  readonly assets?: readonly AssetWish[];
  /** Each of `assets` is one band, and its name may stand for it in `expressions`. */
  readonly assetAsBand?: boolean;
  /** Bands by number from 1, or by name (`b1`, or the band's description). All but alpha by default. */
  readonly bands?: readonly (number | string)[];
  /** Band arithmetic, one expression a picture's band; the blocks of titiler's `expression`, split at `;`. */
  readonly expressions?: readonly string[];
  /** Lowest and highest value of each band, or of all of them where one is given. */
  readonly rescale?: readonly (readonly [number, number])[];
  readonly colormap?: Colormap;
  /** In the place of the files' nodata value; NaN is a value. */
  readonly nodata?: number;
  /** Applies the scale and offset of each band. */
  readonly unscale?: boolean;
  readonly resampling?: Resampling;
  readonly reproject?: Resampling;
  readonly selection?: PixelSelection;
  /** Whether the opacity is part of the picture; true by default. */
  readonly returnMask?: boolean;
}

/** Whether 8-bit grey and RGB may be painted without computing with them: nothing but opacity is asked for. */
export const isPlain = ({ assets, bands, expressions, rescale, colormap, nodata, unscale = false, resampling = 'nearest', reproject = 'nearest', selection = 'first' }: Style): boolean =>
  [assets, bands, expressions, rescale, colormap, nodata].every((value) => value === undefined) && !unscale && resampling === 'nearest' && reproject === 'nearest' && selection === 'first';
