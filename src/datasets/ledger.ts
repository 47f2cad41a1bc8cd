/** What is kept of every tile until the dataset is written: its place, index, href and outline, packed to some 150 bytes. */
import { Footprints } from '../mosaics/footprints.js';
import { Integers } from '../mosaics/growable.js';
import { TextIndex } from '../mosaics/text-index.js';
import type { Faults } from './faults.js';
import type { PlacedTile } from './headers.js';

/** Tiles that room is made for on somebody's word. */
const MOST_RESERVED = 2_000_000;

export class TileLedger {
  footprints = new Footprints();
  private readonly places = new Integers();
  private readonly indices = new Integers();
  private known: TextIndex | undefined;
  private ascending = true;

  /** @param expected how many tiles there will be, as the caller says: room for them is made, within reason */
  constructor(expected = 0) {
    const room = Math.min(expected, MOST_RESERVED);
    this.footprints.reserve(room);
    this.places.reserve(room);
    this.indices.reserve(room);
    this.known = new TextIndex(this.footprints.hrefs, room);
  }

  get count(): number {
    return this.indices.length;
  }

  /** Names a file that is there already, in whatever order the two came. */
  add({ place, index, href, footprint }: PlacedTile, faults: Faults): void {
    const number = this.count;
    this.footprints.add({ href, geometry: footprint.geometry, crossesAntimeridian: footprint.bbox[0] > footprint.bbox[2] });
    if (number > 0 && this.indices.at(number - 1) >= index) this.ascending = false;
    this.places.push(place);
    this.indices.push(index);
    const same = this.known?.add(href, number) ?? -1;
    if (same < 0) return;
    const [first, second] = this.places.at(same) < place ? [same, number] : [number, same];
    faults.add(`/tiles/${this.places.at(second)}/href`, `is the same as that of /tiles/${this.places.at(first)}`, this.indices.at(second));
  }

  /** Forgets hrefs and outlines: the rows are on the disk, and the copy of the mosaic is written. */
  release(): void {
    this.footprints = new Footprints();
  }

  /** Once all have come: the tiles' numbers by tile_index; undefined where they came like that. Names each index that is there twice. */
  byIndex(faults: Faults): Int32Array | undefined {
    this.known = undefined;
    if (this.ascending) return undefined;
    const { places, indices } = this;
    const order = Int32Array.from({ length: this.count }, (_, number) => number);
    order.sort((a, b) => indices.at(a) - indices.at(b) || places.at(a) - places.at(b));
    let first = 0;
    for (let at = 1; at < order.length; at += 1) {
      const index = indices.at(order[at] ?? 0);
      if (index !== indices.at(order[first] ?? 0)) first = at;
      else faults.add(`/tiles/${places.at(order[at] ?? 0)}/index`, `is ${index}, as that of /tiles/${places.at(order[first] ?? 0)}`, index);
    }
    return order;
  }
}
