/** Reads PostGIS's hex EWKB, what a geometry column gives without a function call, straight into packed shapes. */
import { invalidInput } from '../errors.js';
import { ShapeKind, type Shapes } from './shapes.js';

const POINT = 1;
const LINE = 2;
const POLYGON = 3;
const COLLECTIONS = new Set([4, 5, 6, 7]);
const HAS_Z = 0x80000000;
const HAS_M = 0x40000000;
const HAS_SRID = 0x20000000;

/**
 * Adds the geometry of a hex EWKB (or ISO WKB) string as one shape; heights and measures are skipped, the SRID is taken
 * to be 4326. @throws InvalidInput for a string that is no WKB.
 */
export function addWkb(shapes: Shapes, hex: string, crosses = false): void {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < 9 || bytes.length * 2 !== hex.length) throw notWkb();
  const reader = new WkbReader(bytes, shapes);
  const from = shapes.coordinates.length;
  const kind = reader.geometry();
  if (kind === ShapeKind.Rings && !crosses && reader.rings === 1 && addAsBox(shapes, from)) return;
  shapes.close(from, kind, crosses);
}

const notWkb = () => invalidInput('A footprint is not a geometry that PostGIS wrote.');

class WkbReader {
  rings = 0;
  private at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly shapes: Shapes,
  ) {}

  geometry(): ShapeKind {
    this.need(5);
    const little = this.bytes.readUInt8(this.at) === 1;
    this.at += 1;
    const flags = this.count(little);
    if ((flags & HAS_SRID) !== 0) this.at += 4;
    const code = flags & 0x0fffffff;
    const type = code % 1000;
    const iso = Math.floor(code / 1000);
    const extra = ((flags & HAS_Z) !== 0 || iso === 1 || iso === 3 ? 1 : 0) + ((flags & HAS_M) !== 0 || iso >= 2 ? 1 : 0);
    if (type === POINT) this.points(1, extra, little, true);
    else if (type === LINE) this.points(this.count(little), extra, little, true);
    else if (type === POLYGON) {
      const rings = this.count(little);
      for (let ring = 0; ring < rings; ring += 1) this.points(this.count(little), extra, little, ring === 0);
      return ShapeKind.Rings;
    } else if (COLLECTIONS.has(type)) {
      const members = this.count(little);
      let kind: ShapeKind = ShapeKind.Lines;
      for (let member = 0; member < members; member += 1) if (this.geometry() === ShapeKind.Rings) kind = ShapeKind.Rings;
      return kind;
    } else throw notWkb();
    return ShapeKind.Lines;
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw notWkb();
  }

  private count(little: boolean): number {
    this.need(4);
    const value = little ? this.bytes.readUInt32LE(this.at) : this.bytes.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }

  private points(count: number, extra: number, little: boolean, opens: boolean): void {
    this.need(count * (16 + 8 * extra));
    for (let point = 0; point < count; point += 1) {
      const longitude = little ? this.bytes.readDoubleLE(this.at) : this.bytes.readDoubleBE(this.at);
      const latitude = little ? this.bytes.readDoubleLE(this.at + 8) : this.bytes.readDoubleBE(this.at + 8);
      this.at += 16 + 8 * extra;
      this.shapes.vertex(longitude, latitude);
    }
    this.shapes.endRing(opens);
    this.rings += 1;
  }
}

/** Replaces the one ring read last by a box, where it draws one. */
function addAsBox(shapes: Shapes, from: number): boolean {
  const { coordinates } = shapes;
  if (coordinates.length - from !== 10) return false;
  const value = (index: number) => coordinates.at(from + index);
  const [ax, ay, bx, by, cx, cy, dx, dy] = [value(0), value(1), value(2), value(3), value(4), value(5), value(6), value(7)];
  if (value(8) !== ax || value(9) !== ay) return false;
  const upright = bx === ax && by === cy && dx === cx && dy === ay;
  const flat = by === ay && bx === cx && dy === cy && dx === ax;
  if (!upright && !flat) return false;
  shapes.dropRing(from);
  shapes.addBox(Math.min(ax, cx), Math.min(ay, cy), Math.max(ax, cx), Math.max(ay, cy));
  return true;
}
