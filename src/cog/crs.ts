/** Coordinate reference systems by EPSG code, and the way from them to longitude and latitude. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import proj4 from 'proj4';
import { invalidInput } from '../errors.js';
import type { Crs } from './types.js';

const DEGREE = 111_319.490_793_273_57; // metres on WGS 84's equator

export const WGS84: Crs = { code: 'EPSG:4326', proj4: '+proj=longlat +datum=WGS84 +no_defs', units: 'degree', metresPerUnit: DEGREE };

const WEB_MERCATOR: Crs = {
  code: 'EPSG:3857',
  proj4: '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
  units: 'metre',
  metresPerUnit: 1,
};

/**
 * Datum shifts to WGS 84 in the place of grid files, which do not come with proj4: good to 5 m (OSGB36, DHDN, NZGD49) and
 * 20 m (NAD27 in Canada). EPSG transformations 1314, 1777, 1564, 1172. Other grids: no shift, up to 200 m off.
 */
const SHIFTS: Readonly<Record<string, string>> = {
  'OSTN15_NTv2_OSGBtoETRS.gsb': '446.448,-125.157,542.06,0.15,0.247,0.842,-20.489',
  'BETA2007.gsb': '598.1,73.7,418.2,0.202,0.045,-2.455,6.7',
  'nzgd2kgrid0005.gsb': '59.47,-5.04,187.44,0.47,-0.1,1.024,-4.5993',
  'NTv2_0.gsb': '-10,158,187,0,0,0,0',
};

const folder = join(dirname(createRequire(import.meta.url).resolve('epsg-index/package.json')), 's');
const known = new LRUCache<number, Promise<Crs>>({ max: 256 });

/**
 * The CRS of an EPSG code, from the EPSG register's file for it (0.5 KB, read once).
 * @throws DomainError InvalidInput for a code that is not in the register or that proj4 cannot compute
 */
export function crsOf(code: number): Promise<Crs> {
  const cached = known.get(code);
  if (cached !== undefined) return cached;
  const loading = load(code);
  known.set(code, loading);
  loading.catch(() => known.delete(code));
  return loading;
}

async function load(code: number): Promise<Crs> {
  if (code === 4326) return WGS84;
  if (code === 3857) return WEB_MERCATOR;
  const definition = Number.isInteger(code) && code > 0 && code < 32_767 ? await definitionOf(code) : undefined;
  if (definition === undefined) throw invalidInput(`unknown CRS EPSG:${code}`);
  const text = definition.replace(/\+nadgrids=(\S+)/, (_, grid: string) => {
    const shift = SHIFTS[grid];
    return shift === undefined ? '' : `+towgs84=${shift}`;
  });
  try {
    proj4(text);
  } catch (error) {
    throw invalidInput(`the CRS EPSG:${code} cannot be computed here (${String(/\+proj=\S+/.exec(text)?.[0] ?? error)})`);
  }
  return { code: `EPSG:${code}`, proj4: text, ...unitsOf(text) };
}

async function definitionOf(code: number): Promise<string | undefined> {
  const text = await readFile(join(folder, `${code}.json`), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const entry: unknown = JSON.parse(text);
  const definition = typeof entry === 'object' && entry !== null && 'proj4' in entry ? entry.proj4 : undefined;
  return typeof definition === 'string' && definition.includes('+proj=') ? definition : undefined;
}

function unitsOf(definition: string): Pick<Crs, 'units' | 'metresPerUnit'> {
  if (isGeographic(definition)) return { units: 'degree', metresPerUnit: DEGREE };
  const unit = /\+units=(\S+)/.exec(definition)?.[1];
  if (unit === 'us-ft') return { units: 'US survey foot', metresPerUnit: 1200 / 3937 };
  if (unit === 'ft') return { units: 'foot', metresPerUnit: 0.3048 };
  const metres = Number(/\+to_meter=(\S+)/.exec(definition)?.[1] ?? 1);
  if (unit === 'm' || (unit === undefined && metres === 1)) return { units: 'metre', metresPerUnit: 1 };
  return { units: 'other', metresPerUnit: Number.isFinite(metres) && metres > 0 ? metres : 1 };
}

export const isGeographic = (definition: string): boolean => /\+proj=(longlat|latlong)\b/.test(definition);

/** Meridians and parallels are straight and parallel to the axes: edges need no points between corners. */
export const isCylindrical = (definition: string): boolean => /\+proj=(longlat|latlong|merc|eqc|cea|mill)\b/.test(definition);

const NOWHERE = { x: Number.NaN, y: Number.NaN };

type ToLonLat = (x: number, y: number) => [lon: number, lat: number] | undefined;
const converters = new WeakMap<Crs, ToLonLat>();

/** x, y of the CRS to degrees; undefined where the projection has no answer. Longitudes of geographic CRSs are not wrapped. */
export function toLonLat(crs: Crs): ToLonLat {
  const known = converters.get(crs);
  if (known !== undefined) return known;
  const made = converterOf(crs);
  converters.set(crs, made);
  return made;
}

function converterOf(crs: Crs): ToLonLat {
  if (crs.code === WGS84.code) return (x, y) => [x, clampLatitude(y)];
  const [source, target] = [new proj4.Proj(crs.proj4), new proj4.Proj(WGS84.proj4)];
  const geographic = isGeographic(crs.proj4);
  return (x, y) => {
    try {
      const from = geographic ? wrap(x) : x;
      const { x: lon, y: lat } = proj4.transform(source, target, { x: from, y: geographic ? clampLatitude(y) : y, z: 0 }) ?? NOWHERE;
      if (!Number.isFinite(lon) || !Number.isFinite(lat)) return undefined;
      return [geographic ? x + wrap(lon - from) : lon, clampLatitude(lat)];
    } catch {
      return undefined;
    }
  };
}

/** A longitude in [-180, 180). */
export const wrap = (lon: number): number => lon - 360 * Math.floor((lon + 180) / 360);

const clampLatitude = (lat: number): number => Math.max(-90, Math.min(90, lat));
