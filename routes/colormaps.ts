/** Colormaps by name, as TiTiler lists and draws them. */
import { choice, integer } from '../schemas/parameters.js';
import { invalidAt, notFound } from '../src/errors.js';
import { paths } from '../src/links.js';
import { COLORMAP_NAMES, namedColormap } from '../src/tiles/colormaps.js';
import { colormapPicture } from '../src/tiles/colormap-picture.js';
import { operation, param } from './http.js';

const tag = 'Tiles';
/** Colormaps change with releases only. */
const CACHED = { 'Cache-Control': 'public, max-age=3600' };

export const list = operation({
  id: 'getColorMaps',
  summary: 'The colormaps that have a name',
  tag,
  answers: { 200: { description: 'Their names, with links', type: 'application/json', schema: { type: 'object', required: ['colormaps'], properties: { colormaps: { type: 'array', items: { type: 'object', required: ['id', 'links'], properties: { id: { type: 'string' }, links: { type: 'array', items: { $ref: '#/components/schemas/link' } } } } } } } } },
  handle: ({ base }) => ({
    body: { colormaps: COLORMAP_NAMES.map((id) => ({ id, links: [{ href: base + paths.colorMap(id), rel: 'item', type: 'application/json', title: `Definition of ${id} ColorMap` }] })) },
    headers: CACHED,
  }),
});

const PICTURES = ['png', 'jpeg', 'jpg', 'webp', 'npy'] as const;
const MAX_SIDE = 2048;

export const read = operation({
  id: 'getColorMap',
  summary: 'A colormap: the colour of each value, or a picture of them',
  tag,
  query: {
    f: choice('The form of the answer: json, a page, or a picture. Unless told, what Accept prefers; json where it prefers nothing.', ['json', 'html', ...PICTURES]),
    format: choice('The format of a picture; as `f`.', PICTURES),
    orientation: choice<'horizontal' | 'vertical'>('Where the values run: to the right (horizontal, the default), or down.', ['horizontal', 'vertical']),
    width: integer('Pixels across: 256, or 20 of a vertical one, unless told.', 1, MAX_SIDE),
    height: integer('Pixels down: 20, or 256 of a vertical one, unless told.', 1, MAX_SIDE),
  },
  answers: {
    200: { description: 'Red, green, blue and opacity by value, or a picture', type: 'application/json', schema: { type: 'object', additionalProperties: { type: 'array', items: { type: 'integer' } } }, others: ['image/png', 'image/jpeg', 'image/webp', 'application/x-binary'] },
  },
  async handle(call) {
    const name = param(call, 'colorMapId');
    if (!COLORMAP_NAMES.includes(name)) throw notFound(`Colormap ${name}`);
    const colormap = namedColormap(name);
    const { f, format, orientation = 'horizontal', width, height } = call.query;
    if (f !== undefined && format !== undefined && f !== format) throw invalidAt('format', 'and f say different things; give one of them');
    const wanted = format ?? PICTURES.find((picture) => picture === f);
    if (wanted === undefined) return { body: Object.fromEntries(colormap.colours), headers: CACHED };
    const { bytes, contentType } = await colormapPicture(colormap.colours.map(([, colour]) => colour), orientation, { width, height }, wanted === 'jpeg' ? 'jpg' : wanted);
    return { text: bytes, type: contentType, headers: CACHED };
  },
});
