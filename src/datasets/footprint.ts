/** The area that a tile covers, from a box, a geometry, or both. */
import type { Geometry } from 'geojson';
import { invalidInput } from '../errors.js';
import { bboxOf } from '../stac/bbox.js';
import { type Bbox, bboxGeometry, parseBbox, parseGeometry } from '../geojson.js';

/** A footprint from a box, a geometry, or both. @throws InvalidInput where both are missing or bad */
export function parseFootprint(bbox: unknown, geometry: unknown, path: string): { bbox: Bbox; geometry: Geometry } {
  const area = geometry === undefined || geometry === null ? undefined : parseGeometry(geometry, `${path}/geometry`);
  if (area !== undefined && area.type !== 'Polygon' && area.type !== 'MultiPolygon') {
    throw invalidInput(`${path}/geometry must be an area`, [{ path: `${path}/geometry`, message: `of a tile must be a Polygon or MultiPolygon, not a ${area.type}` }]);
  }
  const box = bbox === undefined || bbox === null ? undefined : parseBbox(bbox, `${path}/bbox`);
  if (box !== undefined && (box[0] === box[2] || box[1] === box[3])) throw emptyBox(path);
  const around = area === undefined ? undefined : parseBbox(bboxOf(area), `${path}/geometry`);
  const known = box ?? around;
  if (known === undefined) throw missing(path);
  return { bbox: known, geometry: area ?? bboxGeometry(known) };
}

const missing = (path: string): Error =>
  invalidInput(`${path} needs a bbox or a geometry`, [{ path: `${path}/bbox`, message: 'is missing, and so is a geometry' }]);

const emptyBox = (path: string): Error =>
  invalidInput(`${path}/bbox has no area`, [{ path: `${path}/bbox`, message: 'has no area: its west and east, or its south and north, are the same' }]);
