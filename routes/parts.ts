/** Pictures of boxes and of GeoJSON features of searches and collections, as titiler-pgstac has them. */
import { areaFeature, coordCrs, dstCrs, featureBody, sizeParameters } from '../schemas/parts.js';
import { assetsOf, FORMAT_NAMES, formatOf, formatParameter, itemStyleParameters, pictureTypes, styleOf } from '../schemas/tiles.js';
import { accessParameters, narrowParameters } from '../schemas/titiler.js';
import { bboxGeometry } from '../src/geojson.js';
import type { WantedFormat } from '../src/tiles/encode.js';
import type { Outline } from '../src/tiles/outline.js';
import { areaDrawing, contentHeaders, type Located, numberOf, pathFormat, sizeOf } from './areas.js';
import { checkProjected, locateFrom, locateGeometryFrom } from './coordinates.js';
import { type Call, type Operation, operation, type Reply } from './http.js';
import { type TargetKind, upper } from './mosaics.js';
import { tileReply } from './tile-reply.js';
import { emptyParameter, undrawn } from './tiles.js';

const tag = 'Tiles';

/** Datasets have previews. */
export type PartKind = Exclude<TargetKind, 'dataset'>;

const queryOf = (kind: PartKind) => ({
  ...itemStyleParameters, ...sizeParameters, ...coordCrs, ...dstCrs, format: formatParameter, empty: emptyParameter, ...accessParameters, ...(kind === 'collection' ? narrowParameters : {}),
});

type PartCall = Call<ReturnType<typeof queryOf>>;

const answers = { 200: { description: 'The picture', ...pictureTypes }, 204: { description: 'No data there' }, ...undrawn };

/** @param path TiTiler's, without a format, which it needs where its route has one */
function partReply(call: PartCall, kind: PartKind, located: Located & { readonly cut?: Outline }, format: WantedFormat | undefined, path: (format: string) => string[]): Promise<Reply> {
  const { query } = call;
  const wanted = format ?? query.format ?? 'auto';
  const draw = areaDrawing(call, { ...located, size: sizeOf(call) }, wanted);
  const assets = assetsOf(query, styleOf(query));
  return tileReply(call, { kind, place: bboxGeometry(located.bbox), assets, path: path(wanted === 'auto' ? 'png' : wanted), draw, headers: contentHeaders(located) });
}

const sized = ({ width = '', height = '' }: Call['params'], format: string): string => `${width}x${height}.${format}`;

/** The last number may carry a format. */
function boxOf(params: Call['params']): { box: [number, number, number, number]; format: WantedFormat | undefined } {
  const match = new RegExp(`^(.*)\\.(${FORMAT_NAMES.join('|')})$`).exec(params['maxy'] ?? '');
  const [, maxy = params['maxy'] ?? '', written] = match ?? [];
  const numbers = ['minx', 'miny', 'maxx', 'maxy'].map((name) => numberOf({ ...params, maxy }, name)) as [number, number, number, number];
  return { box: numbers, format: written === undefined ? undefined : formatOf(written) };
}

/** @param form the path beyond the box: nothing, or a size */
export const box = (kind: PartKind, form: '' | 'Sized' = ''): Operation =>
  operation({
    id: `get${upper(kind)}${form}Box`,
    summary: `A picture of a box of a ${kind}`,
    tag,
    query: queryOf(kind),
    answers,
    async handle(call) {
      const { query, params } = call;
      const { box: corners, format: written } = form === '' ? boxOf(params) : { ...boxOf(params), format: pathFormat(params) };
      const located = await locateFrom(corners, query.coord_crs ?? 4326, query.dst_crs, 'minx,miny,maxx,maxy');
      const bounds = corners.join(',');
      return partReply(call, kind, located, written, (format) => (form === '' ? ['bbox', `${bounds}.${format}`] : ['bbox', bounds, sized(params, format)]));
    },
  });

/** @param form the path beyond `/feature`: nothing, a format, or a size and a format */
export const feature = (kind: PartKind, form: '' | 'Format' | 'Sized' = ''): Operation =>
  operation({
    id: `post${upper(kind)}${form}Feature`,
    summary: `A picture of a ${kind}, cut to a GeoJSON feature`,
    tag,
    query: queryOf(kind),
    scope: 'read',
    body: featureBody,
    answers,
    async handle(call) {
      const { query, params, body } = call;
      const [area, from, at] = [areaFeature(body), query.coord_crs ?? 4326, '/geometry/coordinates'];
      checkProjected([area], from, at);
      const located = await locateGeometryFrom(area.geometry, from, query.dst_crs, at);
      return partReply(call, kind, located, pathFormat(params), (format) => (form === 'Sized' ? ['feature', sized(params, format)] : [`feature.${format}`]));
    },
  });
