/** Shapes that cross themselves thousands of times: PostGIS takes minutes to repair them, and cannot be interrupted meanwhile. */

/** Below so many segments the repair takes 0.2 s at worst (measured: 18 s for 5,000 random ones, growing with the square). */
const FEW = 500;
const MOST_CROSSINGS = 1000;
/** Pairs of segments looked at, some 50 ms; outlines of countries with 100,000 positions need a tenth of it. */
const MOST_PAIRS = 5_000_000;

type Segment = readonly [west: number, east: number, x1: number, y1: number, x2: number, y2: number];

/** @param coordinates of a GeoJSON geometry that was checked */
export function crossesItselfTooOften(coordinates: unknown): boolean {
  const segments: Segment[] = [];
  collect(coordinates, segments);
  if (segments.length <= FEW) return false;
  segments.sort((a, b) => a[0] - b[0]);
  let [crossings, pairs] = [0, 0];
  for (let i = 0; i < segments.length; i += 1) {
    const a = segments[i] as Segment;
    for (let j = i + 1; j < segments.length; j += 1) {
      const b = segments[j] as Segment;
      if (b[0] > a[1]) break;
      pairs += 1;
      if (pairs > MOST_PAIRS) return true;
      if (cross(a, b)) crossings += 1;
      if (crossings > MOST_CROSSINGS) return true;
    }
  }
  return false;
}

function collect(value: unknown, segments: Segment[]): void {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return;
  if (Array.isArray(value[0][0])) {
    for (const part of value) collect(part, segments);
    return;
  }
  const line = value as number[][];
  for (let i = 1; i < line.length; i += 1) {
    const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = []] = [line[i - 1], line[i]];
    segments.push([Math.min(x1, x2), Math.max(x1, x2), x1, y1, x2, y2]);
  }
}

/** On which side of the line through a segment a point lies. */
const side = ([, , x1, y1, x2, y2]: Segment, x: number, y: number): number => Math.sign((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1));

/** Whether they cross inside both; touching ends are no crossing. */
const cross = (a: Segment, b: Segment): boolean => side(a, b[2], b[3]) * side(a, b[4], b[5]) < 0 && side(b, a[2], a[3]) * side(b, a[4], a[5]) < 0;
