/** Finds texts that were seen before among a million: a table of numbers over texts that are kept elsewhere. */
import type { Texts } from './texts.js';

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}

export class TextIndex {
  /** Numbers of texts by hash, -1 where free; at most half of it in use. */
  private table: Int32Array;
  private count = 0;

  /** @param room for so many texts from the beginning */
  constructor(
    private readonly texts: Texts,
    room = 0,
  ) {
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(2 * room + 1024))).fill(-1);
  }

  /** The number of the first text that is the same, or -1 after noting this one, which must be the text of that number. */
  add(text: string, number: number): number {
    const place = this.placeOf(text);
    const found = this.table[place] ?? -1;
    if (found >= 0) return found;
    this.table[place] = number;
    this.count += 1;
    if (this.count * 2 > this.table.length) this.widen();
    return -1;
  }

  private placeOf(text: string): number {
    const mask = this.table.length - 1;
    let place = hashOf(text) & mask;
    for (let known = this.table[place] ?? -1; known >= 0 && this.texts.at(known) !== text; known = this.table[place] ?? -1) place = (place + 1) & mask;
    return place;
  }

  private widen(): void {
    const old = this.table;
    this.table = new Int32Array(old.length * 2).fill(-1);
    const mask = this.table.length - 1;
    for (const number of old) {
      if (number < 0) continue;
      // All are different, so the first free place is theirs.
      let place = hashOf(this.texts.at(number)) & mask;
      while ((this.table[place] ?? -1) >= 0) place = (place + 1) & mask;
      this.table[place] = number;
    }
  }
}
