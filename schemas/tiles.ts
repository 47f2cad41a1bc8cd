/** What a picture of tiles looks like, as query parameters: titiler's names, read into a style. */
import { invalidAt } from '../src/errors.js';
import { COLORMAP_NAMES, namedColormap, parseColormap } from '../src/tiles/colormaps.js';
import { TILE_FORMATS, type WantedFormat } from '../src/tiles/encode.js';
import { parseExpressions } from '../src/tiles/expression.js';
import { RESAMPLINGS } from '../src/tiles/kernels.js';
import { type AssetWish, type Colormap, PIXEL_SELECTIONS, type Style } from '../src/tiles/style.js';
import { choice, flag, type Parameter, type Parsed, repeated, text } from './parameters.js';

/** Several values: a parameter that is repeated, or parts between commas. */
const parts = (values: readonly string[]): string[] => values.flatMap((value) => value.split(',')).map((part) => part.trim()).filter((part) => part !== '');

const bidx: Parameter<number[]> = {
  ...repeated('Bands of the asset, counted from 1; all but alpha unless told.'),
  parse: (values, name) =>
    parts(values).map((part) => {
      if (!/^[1-9]\d{0,4}$/.test(part)) throw invalidAt(name, `must be band numbers from 1 on, not ${JSON.stringify(part)}`);
      return Number(part);
    }),
};

const bands: Parameter<(number | string)[]> = {
  ...repeated('Bands by number or by name; names are the descriptions in the file, or b1, b2, ….'),
  parse: (values) => parts(values).map((part) => (/^[1-9]\d{0,4}$/.test(part) ? Number(part) : part)),
};

/** Titiler's `assets`: `red`, or with what is taken of it, `red|bidx=1,2`. */
const assets: Parameter<AssetWish[]> = {
  ...repeated('The assets to draw, once for each or with commas between; `data`, else the only GeoTIFF asset, unless told. The bands of several follow one another. What is taken of one stands behind it: `red|bidx=1,2`, `red|bands=b1`, `red|expression=b1*2`.'),
  parse(values, name) {
    const wishes = values.flatMap((value) => (value.includes('|') ? [value] : value.split(','))).map((value) => value.trim()).filter((value) => value !== '').map((value) => wishOf(value, name));
    if (wishes.length > MAX_ASSETS) throw invalidAt(name, `are ${wishes.length}; ${MAX_ASSETS} may be drawn together`);
    return wishes;
  },
};

const MAX_ASSETS = 32;

function wishOf(text: string, path: string): AssetWish {
  const [name = '', ...options] = text.split('|');
  if (name === '') throw invalidAt(path, `${JSON.stringify(text.slice(0, 40))} names no asset`);
  const said = options.flatMap((option) => option.split('&')).map((option) => /^(bidx|bands|expression)=(.+)$/s.exec(option) ?? [option]);
  return said.reduce<AssetWish>((wish, [whole, key, value = '']) => {
    if (key === 'bidx') return { ...wish, bands: bidx.parse([value], path) };
    if (key === 'bands') return { ...wish, bands: bands.parse([value], path) };
    if (key === 'expression') return { ...wish, expressions: parseExpressions(value).map((parsed) => parsed.text) };
    throw invalidAt(path, `${JSON.stringify(whole?.slice(0, 40))} is no option of an asset; known are bidx, bands and expression`);
  }, { name });
}

const rescale: Parameter<(readonly [number, number])[]> = {
  ...repeated('The lowest and highest value, a comma between; once, or for each band. They become 0 and 255.'),
  parse(values, name) {
    const numbers = parts(values.map((value) => value.replace(/[[\]]/g, ''))).map(Number);
    const ranges = Array.from({ length: Math.ceil(numbers.length / 2) }, (_, i): readonly [number, number] => [numbers[2 * i] ?? Number.NaN, numbers[2 * i + 1] ?? Number.NaN]);
    for (const [low, high] of ranges) if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) throw invalidAt(name, 'must be pairs of numbers, the lower first, such as 0,3000');
    return ranges;
  },
};

const nodata: Parameter<number> = {
  ...text('The value that stands for no data in the place of the file\'s; nan too.'),
  parse(values, name) {
    const value = (values[0] ?? '').trim().toLowerCase();
    if (value === 'nan') return Number.NaN;
    if (value === 'inf' || value === '-inf') return value === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    if (!Number.isFinite(Number(value))) throw invalidAt(name, `must be a number or nan, not ${JSON.stringify(value.slice(0, 40))}`);
    return Number(value);
  },
};

const colormapName: Parameter<Colormap> = {
  ...text('One of the colormaps of matplotlib, cmocean and rio-tiler, for a picture of one band.', { enum: COLORMAP_NAMES }),
  parse: (values, name) => namedColormap(values[0] ?? '', name),
};

const colormap: Parameter<Colormap> = {
  ...text('The name of a colormap, or JSON: {"1": "#ff0000", "2": [0, 0, 255, 128]}, or [[[0, 10], "#ff0000"], …] for intervals.'),
  parse: (values, name) => (/^\s*[[{]/.test(values[0] ?? '') ? parseColormap(values[0] ?? '', name) : namedColormap(values[0] ?? '', name)),
};

/** Known to titiler, but not honoured here: said rather than ignored. `harmless` are the values that ask for nothing. */
const refused = (what: string, harmless: readonly string[] = []): Parameter<undefined> => ({
  ...text(`${what}; not supported here.`),
  parse(values, name) {
    if (!values.every((value) => harmless.includes(value))) throw invalidAt(name, 'is not supported here');
    return undefined;
  },
});

export const styleParameters = {
  bidx,
  bands,
  expression: text('Band arithmetic, such as (b2-b1)/(b2+b1), over all bands of all assets, which may be named with their asset too: red_b1/nir_b1. Several expressions are bands of the picture, a semicolon between them.'),
  rescale,
  nodata,
  unscale: flag('Applies the scale and offset of each band of the file.'),
  resampling: choice('How an asset of the tile\'s CRS is read; of one that is warped it tells which overview is taken. Nearest unless told.', RESAMPLINGS),
  reproject: choice('How an asset of another CRS is warped; nearest unless told.', RESAMPLINGS),
  pixel_selection: choice('Which of the pixels that lie on one another is shown: the first, or what is made of all of them.', PIXEL_SELECTIONS),
  colormap_name: colormapName,
  colormap,
  return_mask: flag('Whether places without data are transparent; true unless told.'),
  asset_as_band: flag('Each asset has one band, and the name of the asset may stand for it in an expression.'),
  algorithm: refused('An algorithm over the pixels'),
  algorithm_params: refused('Its parameters'),
  color_formula: refused('A colour formula'),
  buffer: refused('Pixels beyond the edges of a tile', ['0']),
  padding: refused('Pixels that resampling reads beyond the edges', ['0']),
};

/** The parameters of what is drawn of items, where those of {@link styleParameters} are of single files. */
export const itemStyleParameters = { assets, ...styleParameters };

type StyleQuery = Parsed<typeof styleParameters> & { readonly assets?: AssetWish[] | undefined };

/** @throws InvalidInput for parameters that exclude each other */
export function styleOf(query: StyleQuery): Style {
  const { colormap: own, colormap_name: named, rescale: ranges } = query;
  const map = named ?? own;
  return {
    ...bandsOf(query),
    ...(ranges === undefined || ranges.length === 0 ? {} : { rescale: ranges }),
    ...(map === undefined ? {} : { colormap: map }),
    ...(query.nodata === undefined ? {} : { nodata: query.nodata }),
    ...(query.unscale === undefined ? {} : { unscale: query.unscale }),
    ...(query.resampling === undefined ? {} : { resampling: query.resampling }),
    ...(query.reproject === undefined ? {} : { reproject: query.reproject }),
    ...(query.pixel_selection === undefined ? {} : { selection: query.pixel_selection }),
    ...(query.return_mask === undefined ? {} : { returnMask: query.return_mask }),
  };
}

/** Which bands of which assets. */
function bandsOf({ bidx: indices, bands: names, expression, assets: wishes = [], asset_as_band: asBand = false }: StyleQuery): Pick<Style, 'assets' | 'assetAsBand' | 'bands' | 'expressions'> {
  if (indices !== undefined && names !== undefined) throw invalidAt('bands', 'and bidx say the same; give one of them');
  const chosen = indices ?? names;
  if (chosen !== undefined && expression !== undefined) throw invalidAt('expression', 'names its bands itself; leave out bidx and bands');
  const wanted = wishes.length === 0 && expression !== undefined ? assetsNamedIn(expression) : wishes;
  const expressions = expression === undefined ? undefined : parseExpressions(expression, wanted.map(({ name }) => name));
  const isNamed = asBand || wanted.some(({ bands: own, expressions: computed }) => own !== undefined || computed !== undefined) || expressions?.some(({ bands: used }) => used.some((band) => !/^b\d+$/.test(band))) === true;
  const said = { ...(expressions === undefined ? {} : { expressions: expressions.map(({ text: written }) => written) }), ...(chosen === undefined || chosen.length === 0 ? {} : { bands: chosen }) };
  if (wanted.length <= 1 && !isNamed) return said;
  if (wanted.length === 0) throw invalidAt('asset_as_band', 'needs assets');
  if (chosen !== undefined) throw invalidAt(indices === undefined ? 'bands' : 'bidx', 'says not of which asset; write assets=name|bidx=1');
  return { ...said, assets: wanted, ...(asBand ? { assetAsBand: true } : {}) };
}

/** `red_b1/nir_b1` tells its assets itself. */
const assetsNamedIn = (expression: string): AssetWish[] => [...new Set([...expression.matchAll(/\b([A-Za-z_]\w*)_b[1-9]\d*\b/g)].map(([, name = '']) => name))].map((name) => ({ name }));

/** The assets that a style is drawn of; undefined where the caller names none. */
export const assetsOf = ({ assets: wishes }: { readonly assets?: readonly AssetWish[] | undefined }, style: Style): string[] | undefined => {
  const wanted = style.assets ?? wishes ?? [];
  return wanted.length === 0 ? undefined : wanted.map(({ name }) => name);
};

/** `jpeg` is another name of jpg. */
export const FORMAT_NAMES: readonly string[] = [...TILE_FORMATS, 'jpeg'];

export const formatParameter: Parameter<WantedFormat> = {
  ...text('The format; png where a pixel is empty and jpg where none is, unless told.', { enum: FORMAT_NAMES }),
  parse(values, name) {
    const format = formatOf(values[0] ?? '');
    if (format === undefined) throw invalidAt(name, `must be one of ${FORMAT_NAMES.join(', ')}`);
    return format;
  },
};

export const formatOf = (text: string): WantedFormat | undefined => (text === 'jpeg' ? 'jpg' : TILE_FORMATS.find((format) => format === text));

/** What a picture may be answered as. */
export const pictureTypes = { type: 'image/png', others: ['image/jpeg', 'image/webp', 'image/tiff', 'application/x-binary'] } as const;
