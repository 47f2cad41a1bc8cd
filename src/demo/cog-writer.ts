/** Turns a tiled pyramid TIFF, as sharp writes it, into a georeferenced Cloud Optimized GeoTIFF. */
import { TAG, ascii, doubles, longs, readDirectories, shorts, writeDirectories, type Directory, type TagValue } from './tiff-directories.js';

/** Where a north-up raster lies: its upper left corner and the size of a pixel, in the units of its CRS. */
export interface Georeference {
  readonly west: number;
  readonly north: number;
  readonly resX: number;
  readonly resY: number;
  /** 4326 by default; any other code is written as a projected CRS in metres. */
  readonly epsg?: number;
  readonly nodata?: number;
}

/** XMP, ICC, Photoshop, IPTC, description, resolution and orientation: they say nothing about a map. */
const DROPPED_TAGS = [270, 274, 282, 283, 296, 700, 33_723, 34_377, 34_675];

const REDUCED_IMAGE = 1;
const MASK = 4;

/**
 * Rewrites `tiff` (classic, little-endian, tiled, its overviews as further directories) as a COG.
 * `mask`, if given, is a one-band TIFF of the same pyramid, written as the image's internal mask (0: no data).
 */
export function toCog(tiff: Buffer, georeference: Georeference, mask?: Buffer): Buffer {
  const images = readDirectories(tiff);
  const masks = mask === undefined ? [] : readDirectories(mask);
  images.forEach((image, level) => clean(image, level === 0 ? 0 : REDUCED_IMAGE));
  masks.forEach((image, level) => {
    clean(image, level === 0 ? MASK : MASK | REDUCED_IMAGE);
    image.tags.set(TAG.photometric, shorts(4));
  });
  for (const [tag, value] of geoTags(georeference)) images[0]?.tags.set(tag, value);
  return writeDirectories(images.flatMap((image, level) => (masks[level] === undefined ? [image] : [image, masks[level]])));
}

function clean({ tags }: Directory, subfileType: number): void {
  for (const tag of DROPPED_TAGS) tags.delete(tag);
  if (subfileType === 0) tags.delete(TAG.newSubfileType);
  else tags.set(TAG.newSubfileType, longs([subfileType]));
}

/** OGC GeoTIFF 1.1 sections 7.1 and 7.2: pixel scale, one tie point, and the keys that name the CRS. */
function geoTags({ west, north, resX, resY, epsg = 4326, nodata }: Georeference): Map<number, TagValue> {
  const tags = new Map<number, TagValue>([
    [TAG.modelPixelScale, doubles(resX, resY, 0)],
    [TAG.modelTiepoint, doubles(0, 0, 0, west, north, 0)],
  ]);
  if (epsg === 4326) {
    // GTModelType geographic, GTRasterType area, GeodeticCRS with its citation, angles in degrees.
    tags.set(TAG.geoKeyDirectory, shorts(1, 1, 0, 5, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326, 2049, 34_737, 7, 0, 2054, 0, 1, 9102));
    tags.set(TAG.geoAsciiParams, ascii('WGS 84|'));
  } else {
    // GTModelType projected, GTRasterType area, ProjectedCRS, lengths in metres.
    tags.set(TAG.geoKeyDirectory, shorts(1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg, 3076, 0, 1, 9001));
  }
  if (nodata !== undefined) tags.set(TAG.gdalNodata, ascii(String(nodata)));
  return tags;
}
