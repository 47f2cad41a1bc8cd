/** The CRSs that tiles are drawn in, and the ways between them and longitude and latitude. Pure. */
import proj4 from 'proj4';

/** West, south, east, north. */
export type Extent = readonly [number, number, number, number];
export type Position = readonly [x: number, y: number];

/** By EPSG code, coordinates x first: the two that most maps have, and those of the other tile matrix sets. */
export const PROJ4 = {
  3857: '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
  4326: '+proj=longlat +datum=WGS84 +no_defs',
  2193: '+proj=tmerc +lat_0=0 +lon_0=173 +k=0.9996 +x_0=1600000 +y_0=10000000 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs',
  3035: '+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs',
  3395: '+proj=merc +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs',
  3978: '+proj=lcc +lat_0=49 +lon_0=-95 +lat_1=49 +lat_2=77 +x_0=0 +y_0=0 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs',
  5041: '+proj=stere +lat_0=90 +lon_0=0 +k=0.994 +x_0=2000000 +y_0=2000000 +datum=WGS84 +units=m +no_defs',
  5042: '+proj=stere +lat_0=-90 +lon_0=0 +k=0.994 +x_0=2000000 +y_0=2000000 +datum=WGS84 +units=m +no_defs',
  5482: '+proj=stere +lat_0=-90 +lon_0=180 +k=0.994 +x_0=5000000 +y_0=1000000 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs',
  32631: '+proj=utm +zone=31 +datum=WGS84 +units=m +no_defs',
} as const;

export type TileEpsg = keyof typeof PROJ4;

/** Half the circumference of the sphere of EPSG:3857, metres. */
export const MERCATOR_EDGE = 6_378_137 * Math.PI;

export const lonToMercator = (lon: number): number => (lon * MERCATOR_EDGE) / 180;

/** Infinite at the poles. */
export const latToMercator = (lat: number): number => 6_378_137 * Math.atanh(Math.sin((lat * Math.PI) / 180));

export const mercatorToLon = (x: number): number => (x * 180) / MERCATOR_EDGE;

export const mercatorToLat = (y: number): number => (Math.atan(Math.sinh(y / 6_378_137)) * 180) / Math.PI;

export const mercatorToLonLat = ([west, south, east, north]: Extent): Extent => [
  mercatorToLon(west),
  mercatorToLat(south),
  mercatorToLon(east),
  mercatorToLat(north),
];

type Way = (x: number, y: number) => Position;

/** NaN where the projection has no answer; proj4 throws for what it cannot compute, such as a pole in Mercator. */
export const careful = (convert: (point: [number, number]) => number[]): Way => (x, y) => {
  try {
    const [px = Number.NaN, py = Number.NaN] = convert([x, y]);
    return [px, py];
  } catch {
    return [Number.NaN, Number.NaN];
  }
};

export interface Ways {
  readonly toLonLat: Way;
  readonly fromLonLat: Way;
}

const same: Way = (x, y) => [x, y];
const ways = new Map<TileEpsg, Ways>([
  [4326, { toLonLat: same, fromLonLat: same }],
  [3857, { toLonLat: (x, y) => [mercatorToLon(x), mercatorToLat(y)], fromLonLat: (lon, lat) => [lonToMercator(lon), latToMercator(lat)] }],
]);

export function waysOf(epsg: TileEpsg): Ways {
  const known = ways.get(epsg);
  if (known !== undefined) return known;
  const made = waysBy(PROJ4[epsg]);
  ways.set(epsg, made);
  return made;
}

/** @param definition in PROJ's words */
export function waysBy(definition: string): Ways {
  const converter = proj4(definition, PROJ4[4326]);
  return { toLonLat: careful((point) => converter.forward(point)), fromLonLat: careful((point) => converter.inverse(point)) };
}

/** Columns and rows of a CRS are meridians and parallels: corners tell the box of an extent. */
export const isCylindrical = (epsg: TileEpsg): boolean => epsg === 4326 || epsg === 3857 || epsg === 3395;

/** Points between two corners that are looked at, as PROJ does for the bounds of an area (proj_trans_bounds, densify_pts). */
const BETWEEN = 21;
const shares = Array.from({ length: BETWEEN + 2 }, (_, i) => i / (BETWEEN + 1));
const WORLD: Extent = [-180, -90, 180, 90];

const isFinitePosition = ([x, y]: Position): boolean => Number.isFinite(x) && Number.isFinite(y);

/** The box in longitude and latitude of a rectangle of a CRS of tiles; see {@link lonLatBoxBy}. */
export function lonLatBox(epsg: TileEpsg, extent: Extent): Extent {
  if (!isCylindrical(epsg)) return lonLatBoxBy(waysOf(epsg), extent);
  const [west, south, east, north] = extent;
  const { toLonLat } = waysOf(epsg);
  const [[left, bottom], [right, top]] = [toLonLat(west, south), toLonLat(east, north)];
  if (epsg !== 3395) return [left, bottom, right, top];
  // proj4 brings both ends of the world to the same side of the antimeridian.
  const isEnd = (x: number): boolean => Math.abs(x) >= MERCATOR_EDGE * (1 - 1e-12);
  return [isEnd(west) ? -180 : left, bottom, isEnd(east) ? 180 : right, top];
}

/**
 * The box in longitude and latitude of a rectangle of a CRS; its west is above its east where it crosses the antimeridian
 * (RFC 7946, section 5.2), around a pole it goes once around. The whole world where the projection has no answer.
 */
export function lonLatBoxBy({ toLonLat, fromLonLat }: Ways, [west, south, east, north]: Extent): Extent {
  const at = (u: number, v: number): Position => toLonLat(west + (east - west) * u, south + (north - south) * v);
  const ring = [...shares.map((s) => at(s, 0)), ...shares.map((s) => at(1, s)), ...shares.map((s) => at(1 - s, 1)), ...shares.map((s) => at(0, 1 - s))];
  if (!ring.every(isFinitePosition)) return WORLD;
  const lats = ring.map(([, lat]) => lat);
  const holds = (lat: number): boolean => {
    const [x, y] = fromLonLat(0, lat);
    return x >= west && x <= east && y >= south && y <= north;
  };
  const bottom = holds(-90) ? -90 : Math.min(...lats);
  const top = holds(90) ? 90 : Math.max(...lats);
  let turn = 0;
  let [left, right] = [Infinity, -Infinity];
  // The pole itself has no longitude.
  const meridians = ring.flatMap(([lon, lat]) => (Math.abs(lat) < 90 - 1e-6 ? [lon] : []));
  meridians.forEach((lon, i) => {
    const step = lon - (meridians[i - 1] ?? lon);
    turn -= Math.round(step / 360) * 360;
    left = Math.min(left, lon + turn);
    right = Math.max(right, lon + turn);
  });
  if (bottom === -90 || top === 90 || right - left >= 360) return [-180, bottom, 180, top];
  const shift = -360 * Math.floor((left + 180) / 360);
  return [left + shift, bottom, right + shift > 180 ? right + shift - 360 : right + shift, top];
}

export interface ProjectedBox {
  readonly box: Extent;
  /** The points that were looked at. */
  readonly points: readonly Position[];
  /** The longest way between two neighbours of the points that were looked at: so far may the box reach beyond what they tell. */
  readonly step: number;
}

/**
 * The box in a CRS of a box in longitude and latitude (its west may be above its east); undefined where the projection has
 * no answer for a part of it.
 */
export function projectedBox(epsg: TileEpsg, [west, south, east, north]: Extent): ProjectedBox | undefined {
  const { fromLonLat } = waysOf(epsg);
  const width = west > east ? east + 360 - west : east - west;
  const isStraight = isCylindrical(epsg);
  const at = isStraight ? [0, 1] : shares;
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
  let step = 0;
  const distance = ([x, y]: Position, other: Position | undefined): number => (other === undefined ? 0 : Math.hypot(x - other[0], y - other[1]));
  let before: readonly Position[] = [];
  const points: Position[] = [];
  for (const u of at) {
    const lon = west + width * u;
    const column = at.map((v) => fromLonLat(isStraight || lon <= 180 ? lon : lon - 360, south + (north - south) * v));
    for (const [i, position] of column.entries()) {
      const [x, y] = position;
      if (!isFinitePosition(position)) return undefined;
      [left, right, bottom, top] = [Math.min(left, x), Math.max(right, x), Math.min(bottom, y), Math.max(top, y)];
      if (!isStraight) step = Math.max(step, distance(position, column[i - 1]), distance(position, before[i]));
    }
    points.push(...column);
    before = column;
  }
  return { box: [left, bottom, right, top], points, step };
}
