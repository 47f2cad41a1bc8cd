/** The footprints of a mosaic in stacking order, held packed until the quadkey zoom is known. */
import type { Geometry } from 'geojson';
import { columnOf, rowOf } from './grid.js';
import { type BBox, Shapes } from './shapes.js';
import { Texts } from './texts.js';
import { addWkb } from './wkb.js';

/** What one asset covers. Rows arrive in stacking order: the first is drawn on top. */
export interface Footprint {
  readonly href: string;
  /** In EPSG:4326: a GeoJSON geometry, a box, or PostGIS's own spelling of a geometry (hex EWKB, as a geometry column gives it). */
  readonly geometry: Geometry | BBox | string;
  /** The item's bbox says west > east: negative longitudes of the geometry are east of 180. */
  readonly crossesAntimeridian?: boolean;
}

/** What the choice of a quadkey zoom needs to know, from columns that SQL could sum up as well. */
export interface FootprintSummary {
  readonly count: number;
  /** Mean of log2 of each footprint's extent, the root of width times height as fractions of the Mercator square. */
  readonly meanLogExtent: number;
  /** Sum of width plus height, in fractions of the Mercator square's side. */
  readonly sumOfSides: number;
  /** Sum of width times height. */
  readonly sumOfAreas: number;
  /** Width and height of the whole, in fractions of the Mercator square's side. */
  readonly width: number;
  readonly height: number;
}

/** No footprint is taken for smaller than a tile of zoom 24. */
const SMALLEST = 2 ** -24;

/** Collects footprints: 32 bytes for a box, 16 a vertex for any other outline, 16 and its bytes for each href. */
export class Footprints {
  readonly shapes = new Shapes();
  readonly hrefs = new Texts();
  /** The longest beginning that all hrefs share; undefined before the first. */
  private shared: string | undefined;
  private west = Infinity;
  private south = Infinity;
  private east = -Infinity;
  private north = -Infinity;

  get count(): number {
    return this.hrefs.length;
  }

  /** Makes room for so many boxes. */
  reserve(count: number): void {
    const { shapes, hrefs } = this;
    hrefs.reserve(count);
    shapes.boxes.reserve(4 * count);
    shapes.ends.reserve(count);
    shapes.kinds.reserve(count);
  }

  add(footprint: Footprint): void {
    const { href, geometry, crossesAntimeridian = false } = footprint;
    if (typeof geometry === 'string') addWkb(this.shapes, geometry, crossesAntimeridian);
    else this.shapes.add(geometry, crossesAntimeridian);
    this.hrefs.push(href);
    this.shared = this.shared === undefined ? href : sharedStart(this.shared, href);
    const { boxes } = this.shapes;
    const at = boxes.length - 4;
    this.west = Math.min(this.west, boxes.at(at));
    this.south = Math.min(this.south, boxes.at(at + 1));
    this.east = Math.max(this.east, boxes.at(at + 2));
    this.north = Math.max(this.north, boxes.at(at + 3));
  }

  /** Adds all rows as they come. @throws the signal's reason when the client went away. */
  async addAll(rows: AsyncIterable<Footprint> | Iterable<Footprint>, signal?: AbortSignal): Promise<void> {
    for await (const row of rows) {
      signal?.throwIfAborted();
      this.add(row);
    }
  }

  /** The union of all footprints in degrees: -180 to 180 where one crosses the antimeridian; the world when there is none. */
  bounds(): BBox {
    if (this.count === 0) return [-180, -90, 180, 90];
    const around = this.west < -180 || this.east > 180;
    return [around ? -180 : this.west, this.south, around ? 180 : this.east, this.north];
  }

  /** The longest beginning of all hrefs that ends in `/`; empty where there is none. */
  assetPrefix(): string {
    return this.shared === undefined ? '' : this.shared.slice(0, this.shared.lastIndexOf('/') + 1);
  }

  summary(): FootprintSummary {
    const { boxes } = this.shapes;
    let logs = 0;
    let sides = 0;
    let areas = 0;
    for (let at = 0; at < boxes.length; at += 4) {
      const width = Math.max(SMALLEST, columnOf(boxes.at(at + 2), 1) - columnOf(boxes.at(at), 1));
      const height = Math.max(SMALLEST, inGrid(rowOf(boxes.at(at + 1), 1)) - inGrid(rowOf(boxes.at(at + 3), 1)));
      logs += Math.log2(width * height) / 2;
      sides += width + height;
      areas += width * height;
    }
    const [west, south, east, north] = this.bounds();
    return {
      count: this.count,
      meanLogExtent: this.count === 0 ? 0 : logs / this.count,
      sumOfSides: sides,
      sumOfAreas: areas,
      width: Math.max(SMALLEST, columnOf(east, 1) - columnOf(west, 1)),
      height: Math.max(SMALLEST, inGrid(rowOf(south, 1)) - inGrid(rowOf(north, 1))),
    };
  }
}

const inGrid = (row: number): number => Math.max(0, Math.min(1, row));

function sharedStart(one: string, other: string): string {
  if (other.startsWith(one)) return one;
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  return one.slice(0, length);
}
