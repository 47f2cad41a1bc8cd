/** The box around a geometry. */
import type { Geometry } from 'geojson';
import type { Bbox } from '../geojson.js';

/** West, south, east, north of all positions, as PostGIS has them: a geometry split at the antimeridian spans the world. */
export function bboxOf(geometry: Geometry): Bbox {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    const [x, y] = value as unknown[];
    if (typeof x === 'number' && typeof y === 'number') {
      [west, east] = [Math.min(west, x), Math.max(east, x)];
      [south, north] = [Math.min(south, y), Math.max(north, y)];
    } else value.forEach(visit);
  };
  if (geometry.type === 'GeometryCollection') {
    for (const part of geometry.geometries) {
      const box = bboxOf(part);
      visit([box[0], box[1]]);
      visit([box[2], box[3]]);
    }
  } else visit(geometry.coordinates);
  return [west, south, east, north];
}
