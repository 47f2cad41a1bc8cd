/** The aggregations that can be asked for (aggregation extension 0.3.0), as data: what each counts and how it is bucketed. */

export type GridKind = 'geohash' | 'geotile';

/** What the buckets of an aggregation are made of. */
export type Aggregation = { readonly name: string; readonly description: string } & (
  | { readonly kind: 'value'; readonly dataType: 'integer' | 'datetime' }
  /** One bucket for each value. */
  | { readonly kind: 'terms'; readonly property: string; readonly dataType: 'string' | 'numeric' }
  /** Buckets between these edges, the lower one included, open at both ends. */
  | { readonly kind: 'ranges'; readonly property: string; readonly edges: readonly number[]; readonly dataType: 'numeric' }
  /** Buckets of one width from zero on, both ways. */
  | { readonly kind: 'histogram'; readonly property: string; readonly width: number; readonly dataType: 'numeric' }
  | { readonly kind: 'dates'; readonly dataType: 'datetime' }
  /** Cells of a grid that hold the centroid, or that the geometry meets. */
  | { readonly kind: 'grid'; readonly grid: GridKind; readonly of: 'centroid' | 'geometry'; readonly dataType: 'string' }
);

export type GridAggregation = Extract<Aggregation, { kind: 'grid' }>;

const terms = (name: string, property: string, dataType: 'string' | 'numeric' = 'string'): Aggregation => ({
  name,
  description: `Items by ${property}`,
  kind: 'terms',
  property,
  dataType,
});
const histogram = (name: string, property: string, width: number): Aggregation => ({
  name,
  description: `Items by ${property}, in steps of ${width}`,
  kind: 'histogram',
  property,
  width,
  dataType: 'numeric',
});
const grid = (of: 'centroid' | 'geometry', kind: GridKind): GridAggregation => ({
  name: `${of}_${kind}_grid_frequency`,
  description: `Items by the ${kind} cells that ${of === 'centroid' ? 'hold the centroid of their geometry' : 'their geometry meets'}`,
  kind: 'grid',
  grid: kind,
  of,
  dataType: 'string',
});

/** The recommended ones of the extension, and those of stac-server that need no grid beyond PostGIS; names and edges are its own. */
export const AGGREGATIONS: readonly Aggregation[] = [
  { name: 'total_count', description: 'How many items', kind: 'value', dataType: 'integer' },
  { name: 'datetime_min', description: 'The earliest time of an item', kind: 'value', dataType: 'datetime' },
  { name: 'datetime_max', description: 'The latest time of an item', kind: 'value', dataType: 'datetime' },
  terms('collection_frequency', 'collection'),
  { name: 'datetime_frequency', description: 'Items by time, in steps of datetime_frequency_interval', kind: 'dates', dataType: 'datetime' },
  { name: 'cloud_cover_frequency', description: 'Items by eo:cloud_cover', kind: 'ranges', property: 'eo:cloud_cover', edges: [5, 15, 40], dataType: 'numeric' },
  terms('platform_frequency', 'platform'),
  terms('constellation_frequency', 'constellation'),
  terms('gsd_frequency', 'gsd', 'numeric'),
  terms('grid_code_frequency', 'grid:code'),
  histogram('sun_elevation_frequency', 'view:sun_elevation', 15),
  histogram('sun_azimuth_frequency', 'view:sun_azimuth', 45),
  histogram('off_nadir_frequency', 'view:off_nadir', 5),
  grid('centroid', 'geohash'),
  grid('centroid', 'geotile'),
  grid('geometry', 'geohash'),
  grid('geometry', 'geotile'),
];

const BY_NAME = new Map(AGGREGATIONS.map((aggregation) => [aggregation.name, aggregation]));

export const aggregationOf = (name: string): Aggregation | undefined => BY_NAME.get(name);

export const GRIDS: readonly GridAggregation[] = AGGREGATIONS.filter((aggregation) => aggregation.kind === 'grid');

/** Cells of finer grids than these are smaller than PostGIS tells apart on the whole earth, or have no name. */
export const GRID_PRECISION: Readonly<Record<GridKind, readonly [minimum: number, maximum: number]>> = { geohash: [1, 12], geotile: [0, 29] };

export const INTERVALS = ['minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type DateInterval = (typeof INTERVALS)[number];
