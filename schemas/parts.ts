/** Parameters and bodies of pictures and numbers of a part: a point, a box, a GeoJSON feature. */
import type { MultiPolygon, Polygon } from 'geojson';
import { invalidAt } from '../src/errors.js';
import { parseGeometry } from '../src/geojson.js';
import { isObject, type JsonObject } from '../src/json.js';
import type { StatisticsOptions } from '../src/tiles/statistics.js';
import { MAX_SIDE } from '../src/tiles/request.js';
import { flag, integer, type Parameter, type Parsed, repeated, type SchemaObject, text } from './parameters.js';

/** The code of a CRS however it is written; EPSG:4326 has its longitude first here, as in GeoJSON. */
const codeOf = (written: string): string => written.trim().replace(/^.*[/:]/, '').toUpperCase().replace(/^CRS84$/, '4326');

const refused = (name: string, must: string, written: string): Error => invalidAt(name, `must be ${must}, not ${JSON.stringify(written.slice(0, 60))}`);

/** Any CRS of the EPSG register. */
export const coordCrs = {
  coord_crs: {
    ...text('The CRS of the coordinates, x (or longitude) first: EPSG:4326 unless told, or any other of the EPSG register; also as OGC writes them.'),
    parse([written = '']: readonly string[], name: string): number {
      const code = codeOf(written);
      if (!/^\d{4,5}$/.test(code)) throw refused(name, 'a CRS such as EPSG:4326', written);
      return Number(code);
    },
  },
};

export const dstCrs = {
  dst_crs: {
    ...text('The CRS of the picture; that of the coordinates unless told. EPSG:4326 (longitude first) or EPSG:3857; also as OGC writes them.'),
    parse([written = '']: readonly string[], name: string): 4326 | 3857 {
      const code = codeOf(written);
      if (code === '4326') return 4326;
      if (code === '3857') return 3857;
      throw refused(name, 'EPSG:4326 or EPSG:3857', written);
    },
  },
};

export const sizeParameters = {
  max_size: integer('Pixels of the longer side at most; without it, a width or a height, those of the first asset.', 1, MAX_SIDE),
  width: integer('Pixels across.', 1, MAX_SIDE),
  height: integer('Pixels down.', 1, MAX_SIDE),
};

/** Numbers, each repeated or with commas between. */
const numbers = (description: string, isRight: (value: number) => boolean, must: string): Parameter<number[]> => ({
  ...repeated(description),
  schema: { type: 'array', items: { type: 'number' } },
  parse: (values, name) =>
    values.flatMap((value) => value.split(',')).filter((part) => part.trim() !== '').map((part) => {
      if (!isRight(Number(part))) throw invalidAt(name, `${must}, not ${JSON.stringify(part.slice(0, 40))}`);
      return Number(part);
    }),
});

const MAX_BINS = 10_000;

const histogramBins: Parameter<number | readonly number[]> = {
  ...text('How many ranges of one width the histogram has, 10 unless told; or their edges, ascending, with commas between.'),
  parse(values, name) {
    const written = values[0] ?? '';
    const edges = /^\d+(,\d+)*$/.test(written) ? written.split(',').map(Number) : [];
    const [count = 0] = edges;
    if (edges.length === 1 && count >= 1 && count <= MAX_BINS) return count;
    if (edges.length < 2 || edges.length > MAX_BINS || edges.some((edge, i) => edge < (edges[i - 1] ?? 0))) throw invalidAt(name, `must be a number of 1 to ${MAX_BINS}, or ascending edges such as 0,100,200`);
    return edges;
  },
};

const histogramRange: Parameter<readonly [number, number]> = {
  ...text('The least and greatest value that the histogram counts, a comma between; those of the pixels unless told.'),
  parse(values, name) {
    const [low = Number.NaN, high = Number.NaN, ...more] = (values[0] ?? '').split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (!Number.isFinite(low) || !Number.isFinite(high) || low > high || more.length > 0) throw invalidAt(name, 'must be two numbers, the lower first, such as 0,1000');
    return [low, high];
  },
};

export const statisticsParameters = {
  categorical: flag('Whether the histogram counts each value; false unless told.'),
  c: numbers('The values to count with `categorical`; all unless told.', Number.isFinite, 'must be numbers'),
  p: numbers('Percentiles; 2 and 98 unless told.', (value) => Number.isInteger(value) && value >= 0 && value <= 100, 'must be whole numbers of 0 to 100'),
  histogram_bins: histogramBins,
  histogram_range: histogramRange,
};

export const coverScale = { cover_scale: integer('In so many parts, squared, the share of a pixel inside the feature is counted; 10 unless told.', 1, 1000) };

export const statisticsOptions = ({ categorical, c: categories, p, histogram_bins: bins, histogram_range: range }: Parsed<typeof statisticsParameters>): StatisticsOptions => ({
  categorical: categorical ?? false,
  categories: categories ?? [],
  percentiles: p === undefined || p.length === 0 ? [2, 98] : p,
  bins: bins ?? 10,
  ...(range === undefined ? {} : { range }),
});

const featureSchema: SchemaObject = {
  type: 'object',
  required: ['type', 'geometry'],
  properties: {
    type: { type: 'string', enum: ['Feature'] },
    geometry: { type: 'object', required: ['type', 'coordinates'], properties: { type: { type: 'string', enum: ['Polygon', 'MultiPolygon'] }, coordinates: { type: 'array', items: {} } } },
    properties: { type: 'object', nullable: true },
  },
};

export const featureBody = { types: ['application/json', 'application/geo+json'], schema: featureSchema } as const;
export const featuresBody = {
  types: ['application/json', 'application/geo+json'],
  schema: { oneOf: [featureSchema, { type: 'object', required: ['type', 'features'], properties: { type: { type: 'string', enum: ['FeatureCollection'] }, features: { type: 'array', items: featureSchema } } }] },
} as const;

export interface AreaFeature {
  readonly geometry: Polygon | MultiPolygon;
  /** The feature as it was sent. */
  readonly document: JsonObject;
}

/** @throws InvalidInput for what is no Feature with an area */
export function areaFeature(body: unknown, path = ''): AreaFeature {
  if (!isObject(body) || body['type'] !== 'Feature') throw invalidAt(`${path}/type`, 'must be Feature');
  const geometry = parseGeometry(body['geometry'], `${path}/geometry`);
  if (geometry.type !== 'Polygon' && geometry.type !== 'MultiPolygon') throw invalidAt(`${path}/geometry/type`, `must be Polygon or MultiPolygon, not ${geometry.type}`);
  const { properties } = body;
  if (properties !== undefined && properties !== null && !isObject(properties)) throw invalidAt(`${path}/properties`, 'must be an object or null');
  return { geometry, document: body };
}

/** One request reads so many places. */
const MAX_FEATURES = 1000;

/** @throws InvalidInput for what is neither a Feature nor a FeatureCollection of areas */
export function areaFeatures(body: unknown): readonly AreaFeature[] {
  if (!isObject(body) || body['type'] !== 'FeatureCollection') return [areaFeature(body)];
  const { features } = body;
  if (!Array.isArray(features)) throw invalidAt('/features', 'must be an array');
  if (features.length > MAX_FEATURES) throw invalidAt('/features', `are ${features.length}; one request takes ${MAX_FEATURES}`);
  return features.map((feature, i) => areaFeature(feature, `/features/${i}`));
}
