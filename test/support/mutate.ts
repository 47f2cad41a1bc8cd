/** Random changes of a good document or file, the same for the same seed: what a fuzz test sends. */

export type Random = () => number;

/** Mulberry32: 32 bits of state, good enough to choose mutations by. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** SQL, paths, markup and what else ends up in a string parameter. */
export const INJECTIONS = [
  "'; DROP TABLE pgstac.items; --", "' OR '1'='1", '" OR 1=1 --', '$1', '%s', '${7*7}', '{{7*7}}', '../../../../etc/passwd', '..%2f..%2fetc%2fpasswd', '/etc/passwd',
  '<script>alert(1)</script>', "\\'; SELECT pg_sleep(10); --", 'a\nb\r\nSet-Cookie: x=1', '%00', '\\u0000', 'null', 'undefined', 'NaN', '[]', '{}', '__proto__', 'constructor', '𒍟※', 'pgstac:base_item', '*', '%', '_', 'ß', '日本', '😀', 'x'.repeat(3000),
] as const;

const JUNK: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 63), 1e300, Infinity, '', ' ', 'x', [], {}, [[]], [null], [{}], { a: { b: { c: [] } } }, { type: 'Feature' }, { op: 'and', args: [] },
  '2024-01-01T00:00:00Z', '2024-13-01T00:00:00Z', '2024-01-01', '..', '../..', '0001-01-01T00:00:00Z/9999-12-31T23:59:59Z', 'a\u0000b', '\ud800', [0, 0, 1, 1], [1, 1, 0, 0], [180, 90, -180, -90], ['a'], { property: 'x' }, 'EPSG:4326', 'POINT(0 0)',
  { type: 'Point', coordinates: [0, 0] }, { type: 'Polygon', coordinates: [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]] }, { type: 'GeometryCollection', geometries: [] }, ...INJECTIONS,
];

interface Place {
  readonly parent: Record<string, unknown> | unknown[];
  readonly key: string;
}

function places(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push({ parent: value as Place['parent'], key });
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

/** A copy of the document with one to three members replaced, removed, doubled, added or moved. */
export function mutated(document: unknown, random: Random): unknown {
  const copy = structuredClone(document);
  const times = 1 + Math.floor(random() * 3);
  for (let i = 0; i < times; i += 1) change(copy, random);
  return copy;
}

function change(document: unknown, random: Random): void {
  const all = places(document);
  if (all.length === 0) return;
  const { parent, key } = pick(random, all);
  const members = parent as Record<string, unknown>;
  const kind = Math.floor(random() * 6);
  if (kind <= 2) members[key] = structuredClone(pick(random, JUNK));
  else if (kind === 3 && Array.isArray(parent)) parent.splice(Number(key), 1);
  else if (kind === 3) delete members[key];
  else if (kind === 4 && Array.isArray(parent)) parent.push(structuredClone(pick(random, [...parent, ...JUNK])));
  else if (kind === 4) members[pick(random, [...INJECTIONS, 'id', 'type', 'properties', 'links', 'filter', 'geometry', 'proj:epsg', 'eo:bands', 'datetime', 'collection', 'stac_version'])] = structuredClone(pick(random, JUNK));
  else members[key] = structuredClone(pickValue(pick(random, all)));
}

const pickValue = ({ parent, key }: Place): unknown => (parent as Record<string, unknown>)[key];

/** JSON text in which a number beyond what a double holds is written as such. */
export const jsonText = (document: unknown): string =>
  JSON.stringify(document, (_key, value: unknown) => (value === Infinity ? '\u{1}1e999' : value)).replaceAll('"\\u00011e999"', '1e999');

const COUNTS = [0, 1, 2, 3, 15, 16, 255, 256, 65_535, 65_536, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 16, 2 ** 32 - 1];

/** The entries of all directories of a little-endian classic TIFF; none of another file. */
function tiffEntries(file: Buffer): number[] {
  const entries: number[] = [];
  if (file.toString('latin1', 0, 4) !== 'II*\0') return entries;
  for (let at = file.readUInt32LE(4); at > 0; ) {
    const count = file.readUInt16LE(at);
    for (let i = 0; i < count; i++) entries.push(at + 2 + 12 * i);
    at = file.readUInt32LE(at + 2 + 12 * count);
  }
  return entries;
}

/** A copy of a TIFF with types, counts and places of tags that lie, cut off, or with bytes changed in its head or anywhere. */
export function mutatedTiff(file: Uint8Array, random: Random): Buffer {
  const copy = Buffer.from(file);
  const kind = random();
  const below = (limit: number): number => Math.floor(random() * limit);
  if (kind < 0.1) return copy.subarray(0, below(copy.length));
  const entries = kind < 0.45 ? tiffEntries(copy) : [];
  for (let left = 1 + below(entries.length > 0 ? 3 : 12); left > 0; left--) {
    if (entries.length > 0) {
      const entry = pick(random, entries);
      const member = random();
      if (member < 0.25) copy.writeUInt16LE(below(20), entry + 2);
      else if (member < 0.6) copy.writeUInt32LE(pick(random, COUNTS), entry + 4);
      else copy.writeUInt32LE(random() < 0.5 ? pick(random, COUNTS) : below(copy.length), entry + 8);
    } else {
      const at = below(kind < 0.7 ? Math.min(3000, copy.length) : copy.length);
      copy[at] = random() < 0.5 ? (copy[at] ?? 0) ^ (1 << below(8)) : below(256);
    }
  }
  return copy;
}
