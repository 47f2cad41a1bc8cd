/** Zooms of a mosaic: the quadkeys' from the footprints, the map's from what items say of their COGs' resolution. */
import type { FootprintSummary } from './footprints.js';
import { columnOf, MERCATOR_LATITUDE, rowOf } from './grid.js';
import type { BBox } from './shapes.js';

/** API.md section 3: quadkey_zoom is 1 to 12. */
export const LEAST_QUADKEY_ZOOM = 1;
export const MOST_QUADKEY_ZOOM = 12;
/** The default quadkey zoom keeps the document below about so many keys, well inside the limit of 500,000. */
const KEYS_WANTED = 200_000;
/** Side of the Mercator square in metres, and the length of its 256 pixel tile's pixel at zoom 0. */
const MERCATOR_SIDE = 2 * Math.PI * 6_378_137;
const ZOOM0_RESOLUTION = MERCATOR_SIDE / 256;
const DEEPEST_ZOOM = 24;

/**
 * Chooses the quadkey zoom: the tile is one to two times the typical footprint (geometric mean of the extents), so that
 * a footprint lies on about two to four quadkeys; coarser where that would make over 200,000 keys; 1 to 12 and at most
 * `maxzoom`. Keys are estimated by the tiles that boxes of these sides meet on average, and by the tiles of the whole.
 */
export function chooseQuadkeyZoom(summary: FootprintSummary, maxzoom: number = DEEPEST_ZOOM): number {
  const most = Math.max(LEAST_QUADKEY_ZOOM, Math.min(MOST_QUADKEY_ZOOM, maxzoom));
  if (summary.count === 0) return LEAST_QUADKEY_ZOOM;
  let zoom = Math.max(LEAST_QUADKEY_ZOOM, Math.min(most, Math.floor(-summary.meanLogExtent + 1e-9)));
  while (zoom > LEAST_QUADKEY_ZOOM && estimateQuadkeys(summary, zoom) > KEYS_WANTED) zoom -= 1;
  return zoom;
}

/** About how many quadkeys footprints lie on: never below the truth by much, above it where they overlap. */
export function estimateQuadkeys(summary: FootprintSummary, zoom: number): number {
  const size = 2 ** zoom;
  const met = summary.count + summary.sumOfSides * size + summary.sumOfAreas * size * size;
  return Math.min(met, (summary.width * size + 1) * (summary.height * size + 1));
}

/** What an item tells of the pixels of its COG; each member as its extension writes it. */
export interface ItemResolution {
  readonly bbox?: readonly number[] | undefined;
  /** Ground sample distance in metres. */
  readonly gsd?: number | undefined;
  /** Rows, columns. */
  readonly 'proj:shape'?: readonly number[] | undefined;
  readonly 'proj:transform'?: readonly number[] | undefined;
  readonly 'proj:bbox'?: readonly number[] | undefined;
  readonly 'proj:code'?: string | undefined;
  /** How often the COG's overviews halve it; where known. */
  readonly overviews?: number | undefined;
}

export interface Zooms {
  readonly minzoom: number;
  readonly maxzoom: number;
}

/**
 * Sums up zooms over items, as cogeo-mosaic does over COGs: maxzoom is the deepest of the items' zooms, minzoom the one
 * where the whole is about one tile, not coarser than the overviews allow where all items tell their number.
 */
export class ZoomsFromItems {
  private maxzoom = -1;
  private overviewZoom = -1;
  private overviewsKnown = true;
  private west = Infinity;
  private south = Infinity;
  private east = -Infinity;
  private north = -Infinity;

  add(item: ItemResolution): void {
    const box = boxOf(item.bbox);
    if (box !== undefined) {
      this.west = Math.min(this.west, box[0]);
      this.south = Math.min(this.south, box[1]);
      this.east = Math.max(this.east, box[2]);
      this.north = Math.max(this.north, box[3]);
    }
    const resolution = mercatorResolution(item);
    if (resolution === undefined) return;
    this.maxzoom = Math.max(this.maxzoom, zoomForResolution(resolution));
    if (item.overviews === undefined) this.overviewsKnown = false;
    else this.overviewZoom = Math.max(this.overviewZoom, zoomForResolution(resolution * 2 ** item.overviews));
  }

  /** The zooms for a mosaic with these bounds (without: those of the items' boxes), or undefined when no item told its resolution. */
  result(bounds?: BBox): Zooms | undefined {
    if (this.maxzoom < 0) return undefined;
    const known = this.west <= this.east ? zoomOfWhole([this.west, this.south, this.east, this.north]) : 0;
    const whole = Math.min(this.maxzoom, bounds === undefined ? known : zoomOfWhole(bounds));
    const minzoom = this.overviewsKnown ? Math.max(whole, Math.min(this.maxzoom, this.overviewZoom)) : whole;
    return { minzoom, maxzoom: this.maxzoom };
  }
}

/** zoomsFromItems over a list. */
export function zoomsFromItems(items: Iterable<ItemResolution>, bounds?: BBox): Zooms | undefined {
  const zooms = new ZoomsFromItems();
  for (const item of items) zooms.add(item);
  return zooms.result(bounds);
}

/** The deepest zoom at which a box is no larger than one tile, 0 to 24. */
export function zoomOfWhole(bounds: BBox): number {
  const [west, south, east, north] = bounds;
  const width = columnOf(west > east ? east + 360 : east, 1) - columnOf(west, 1);
  const height = rowOf(inMercator(south), 1) - rowOf(inMercator(north), 1);
  const side = Math.max(width, height, 2 ** -DEEPEST_ZOOM);
  return Math.max(0, Math.min(DEEPEST_ZOOM, Math.floor(-Math.log2(side) + 1e-9)));
}

/**
 * The WebMercatorQuad zoom (256 pixel tiles) whose resolution is nearest, as a ratio, to a resolution in Mercator
 * metres: the rule of GDAL's COG driver, which rio-tiler and morecantile's zoom_for_res keep.
 */
export function zoomForResolution(resolution: number): number {
  for (let zoom = 0; zoom <= DEEPEST_ZOOM; zoom += 1) {
    const own = ZOOM0_RESOLUTION / 2 ** zoom;
    if (Math.abs(resolution - own) / own <= 1e-8) return zoom;
    if (resolution < own) continue;
    if (zoom === 0) return 0;
    return (own * 2) / resolution < resolution / own ? zoom - 1 : zoom;
  }
  return DEEPEST_ZOOM;
}

/**
 * The size of an item's pixel in Mercator metres, from the best that is there: the picture's diagonal in pixels on the
 * box's diagonal in Mercator, as GDAL suggests the size of a warped picture; else its own pixel or gsd, which Mercator
 * stretches by 1 / cos(latitude).
 */
export function mercatorResolution(item: ItemResolution): number | undefined {
  const box = boxOf(item.bbox);
  const pixel = item['proj:transform'];
  const shape = item['proj:shape'] ?? shapeOf(item['proj:bbox'], pixel);
  if (box !== undefined && shape !== undefined) {
    const [rows = 0, columns = 0] = shape;
    const across = (columnOf(box[2], 1) - columnOf(box[0], 1)) * MERCATOR_SIDE;
    const down = (rowOf(inMercator(box[1]), 1) - rowOf(inMercator(box[3]), 1)) * MERCATOR_SIDE;
    const resolution = Math.hypot(across, down) / Math.hypot(rows, columns);
    if (resolution > 0 && Number.isFinite(resolution)) return resolution;
  }
  const latitude = box === undefined ? 0 : inMercator((box[1] + box[3]) / 2);
  const metres = metresOf(item, pixel) ?? item.gsd;
  if (metres === undefined || !(metres > 0) || !Number.isFinite(metres)) return undefined;
  return metres / Math.cos((latitude * Math.PI) / 180);
}

function boxOf(bbox: readonly number[] | undefined): BBox | undefined {
  if (bbox === undefined || (bbox.length !== 4 && bbox.length !== 6)) return undefined;
  const flat = bbox.length === 4 ? bbox : [bbox[0], bbox[1], bbox[3], bbox[4]];
  const [west = NaN, south = NaN, east = NaN, north = NaN] = flat;
  if (![west, south, east, north].every((value) => Number.isFinite(value))) return undefined;
  return [west, south, west > east ? east + 360 : east, north];
}

/** Rows and columns of a picture from its box and pixel, both in its own CRS. */
function shapeOf(bbox: readonly number[] | undefined, transform: readonly number[] | undefined): readonly number[] | undefined {
  if (bbox?.length !== 4 || transform === undefined) return undefined;
  const [west = 0, south = 0, east = 0, north = 0] = bbox;
  const [a = 0, b = 0, , d = 0, e = 0] = transform;
  if (b !== 0 || d !== 0 || a === 0 || e === 0) return undefined;
  return [Math.abs((north - south) / e), Math.abs((east - west) / a)];
}

/** The pixel's size on the ground in metres from the transform, for codes known to count in degrees or metres. */
function metresOf(item: ItemResolution, transform: readonly number[] | undefined): number | undefined {
  if (transform === undefined) return undefined;
  const [a = 0, b = 0, , d = 0, e = 0] = transform;
  const pixel = Math.max(Math.hypot(a, d), Math.hypot(b, e));
  const code = item['proj:code'];
  if (code === 'EPSG:4326') return (pixel / 360) * MERCATOR_SIDE;
  // the UTM zones; other CRSs may count in feet, so their transform alone says nothing
  if (code !== undefined && /^EPSG:32[67]\d\d$/.test(code)) return pixel;
  return undefined;
}

const inMercator = (latitude: number): number => Math.max(-MERCATOR_LATITUDE, Math.min(MERCATOR_LATITUDE, latitude));
