/** The GeoKeys of a GeoTIFF: its CRS, and whether pixels are areas or points (OGC GeoTIFF 1.1, section 7). */
import type { TiffImage } from '@cogeotiff/core';
import { ModelTypeCode, TiffTagGeo } from '@cogeotiff/core';
import { invalidInput } from '../errors.js';
import { crsOf } from './crs.js';
import type { Crs } from './types.js';

const USER_DEFINED = 32_767;
const PIXEL_IS_POINT = 2;
const WGS84_ELLIPSOID = 7030;

/** Whether the tags place the centres of pixels instead of their corners. */
export const isPixelPoint = (image: TiffImage): boolean => number(image, TiffTagGeo.GTRasterTypeGeoKey) === PIXEL_IS_POINT;

/**
 * The CRS by its code.
 * @throws DomainError InvalidInput when the file names none, one of its own, or one that is not in the register
 */
export async function readCrs(image: TiffImage): Promise<Crs> {
  const model = number(image, TiffTagGeo.GTModelTypeGeoKey);
  const projected = number(image, TiffTagGeo.ProjectedCRSGeoKey);
  const geodetic = number(image, TiffTagGeo.GeodeticCRSGeoKey);
  if (model === ModelTypeCode.Geocentric) throw invalidInput('unknown CRS: geocentric coordinates are no map');
  const code = model === ModelTypeCode.Geographic ? geodetic : (projected ?? (model === ModelTypeCode.Projected ? undefined : geodetic));
  if (code === undefined || code === 0) throw invalidInput('unknown CRS: the file names none');
  if (code !== USER_DEFINED) return crsOf(code);
  const utm = utmOf(image);
  if (utm === undefined) throw invalidInput('unknown CRS: it is user-defined, not one of the EPSG register');
  return crsOf(utm);
}

/** A "user-defined" CRS that is UTM on the ellipsoid of WGS 84 (projections 16001 to 16060 north, 16101 to 16160 south), as some GDALs write it. */
function utmOf(image: TiffImage): number | undefined {
  const projection = number(image, TiffTagGeo.ProjectionGeoKey) ?? 0;
  const zone = projection % 100;
  if (number(image, TiffTagGeo.EllipsoidGeoKey) !== WGS84_ELLIPSOID || zone < 1 || zone > 60) return undefined;
  if (projection - zone === 16_000) return 32_600 + zone;
  return projection - zone === 16_100 ? 32_700 + zone : undefined;
}

function number(image: TiffImage, key: TiffTagGeo): number | undefined {
  const value: unknown = image.tagsGeo.get(key);
  return typeof value === 'number' ? value : undefined;
}
