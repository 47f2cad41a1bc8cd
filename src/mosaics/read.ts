/** A MosaicJSON document as readers use it: which assets lie on a tile or point (MosaicJSON 0.0.3, and as cogeo-mosaic looks them up). */
import { invalidInput } from '../errors.js';
import { type Bbox, splitBbox } from '../geojson.js';
import { isObject, textOf } from '../json.js';
import { columnOf, quadkeyOf, rowOf } from './grid.js';

export interface MosaicDocument {
  readonly name: string;
  readonly attribution: string | undefined;
  readonly minzoom: number;
  readonly maxzoom: number;
  readonly quadkeyZoom: number;
  readonly bounds: Bbox;
  readonly center: readonly [number, number, number];
  /** Hrefs by quadkey, without the prefix. */
  readonly tiles: ReadonlyMap<string, readonly string[]>;
  readonly prefix: string;
}

/** A window of the document's grid may hold so many quadkeys; wider ones look at those that exist. */
const FEW = 4096;

const isHref = (value: unknown): value is string => typeof value === 'string';

const zoomOf = (value: unknown, name: string): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 30) return value;
  throw invalidInput(`The MosaicJSON has no whole number from 0 to 30 as ${name}.`);
};

/** @throws InvalidInput for what is no MosaicJSON of Web Mercator */
export function readMosaicDocument(text: string): MosaicDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw invalidInput('The URL leads to no JSON.');
  }
  if (!isObject(document) || !isObject(document['tiles'])) throw invalidInput('The URL leads to no MosaicJSON: it has no tiles.');
  const { name, attribution, tilematrixset, bounds, center, asset_prefix: prefix } = document;
  if (isObject(tilematrixset) && textOf(tilematrixset['id']) !== 'WebMercatorQuad') throw invalidInput('The MosaicJSON has a tile matrix set other than WebMercatorQuad.');
  const tiles = new Map<string, readonly string[]>();
  for (const [quadkey, hrefs] of Object.entries(document['tiles'])) {
    if (!Array.isArray(hrefs) || !hrefs.every(isHref)) throw invalidInput(`The quadkey ${quadkey.slice(0, 40)} of the MosaicJSON has no list of URLs.`);
    tiles.set(quadkey, hrefs);
  }
  const [first] = tiles.keys();
  const minzoom = zoomOf(document['minzoom'] ?? 0, 'minzoom');
  const box = boxOf(bounds);
  const [lon, lat, zoom] = Array.isArray(center) ? center.map(Number) : [];
  return {
    name: typeof name === 'string' && name !== '' ? name : 'mosaic',
    attribution: typeof attribution === 'string' ? attribution : undefined,
    minzoom,
    maxzoom: zoomOf(document['maxzoom'] ?? 30, 'maxzoom'),
    quadkeyZoom: zoomOf(document['quadkey_zoom'] ?? first?.length ?? minzoom, 'quadkey_zoom'),
    bounds: box,
    center: [lon ?? (box[0] + box[2]) / 2, lat ?? (box[1] + box[3]) / 2, zoom ?? minzoom],
    tiles,
    prefix: typeof prefix === 'string' ? prefix : '',
  };
}

function boxOf(bounds: unknown): Bbox {
  const [west, south, east, north] = Array.isArray(bounds) ? bounds.map(Number) : [-180, -90, 180, 90];
  const box = [west ?? Number.NaN, south ?? Number.NaN, east ?? Number.NaN, north ?? Number.NaN] as const;
  if (!box.every(Number.isFinite)) throw invalidInput('The bounds of the MosaicJSON are no four numbers.');
  return [...box];
}

/** A tile of Web Mercator: its own quadkey, the quadkey that it lies in, or those that lie in it. */
export function assetsOfTile(mosaic: MosaicDocument, z: number, x: number, y: number): string[] {
  const depth = z - mosaic.quadkeyZoom;
  if (depth >= 0) return hrefsOf(mosaic, [quadkeyOf(Math.floor(x / 2 ** depth), Math.floor(y / 2 ** depth), mosaic.quadkeyZoom)]);
  const parent = z === 0 ? '' : quadkeyOf(x, y, z);
  const children = [...mosaic.tiles.keys()].filter((quadkey) => quadkey.length === mosaic.quadkeyZoom && quadkey.startsWith(parent));
  return hrefsOf(mosaic, children.toSorted(byQuadkey));
}

/** morecantile's order of children, at every zoom: north-west, north-east, south-west, south-east. */
const byQuadkey = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** All quadkeys on a box in degrees, column by column; a box that crosses the antimeridian is two. */
export function assetsOfBox(mosaic: MosaicDocument, box: Bbox): string[] {
  const [west, south, east, north] = box;
  if (west > east) return [...new Set(splitBbox(box).flatMap((part) => assetsOfBox(mosaic, part)))];
  const zoom = mosaic.quadkeyZoom;
  const size = 2 ** zoom;
  const cell = (at: number): number => Math.max(0, Math.min(size - 1, Math.floor(at)));
  const [left, right] = [cell(columnOf(west, size)), cell(columnOf(east, size))];
  const [top, bottom] = [cell(rowOf(north, size)), cell(rowOf(south, size))];
  if ((right - left + 1) * (bottom - top + 1) > FEW) {
    const inside = [...mosaic.tiles.keys()].filter((quadkey) => {
      const [x, y] = placeOf(quadkey);
      return x >= left && x <= right && y >= top && y <= bottom;
    });
    return hrefsOf(mosaic, inside);
  }
  const quadkeys: string[] = [];
  for (let x = left; x <= right; x += 1) for (let y = top; y <= bottom; y += 1) quadkeys.push(quadkeyOf(x, y, zoom));
  return hrefsOf(mosaic, quadkeys);
}

export const assetsOfPoint = (mosaic: MosaicDocument, longitude: number, latitude: number): string[] => assetsOfBox(mosaic, [longitude, latitude, longitude, latitude]);

/** Each once, where it comes first. */
function hrefsOf({ tiles, prefix }: MosaicDocument, quadkeys: readonly string[]): string[] {
  return [...new Set(quadkeys.flatMap((quadkey) => tiles.get(quadkey) ?? []))].map((href) => prefix + href);
}

function placeOf(quadkey: string): [x: number, y: number] {
  let [x, y] = [0, 0];
  for (const digit of quadkey) {
    const value = Number(digit);
    x = 2 * x + (value & 1);
    y = 2 * y + (value >> 1);
  }
  return [x, y];
}
