/** Runs of tiles gathered for one shape, merged so that each tile is visited once. */
import { Doubles } from './growable.js';

/** Takes a run of tiles of one row: columns `from` to `to`, both included. */
export type VisitSpan = (y: number, from: number, to: number) => void;

/** Below this many numbers insertion sort beats the call into the typed array's sort. */
const FEW = 32;

/** Gathers runs and crossings of one shape. A run is packed into one double, `(row * wide + from) * wide + to`, exact to zoom 16. */
export class Spans {
  private readonly runs = new Doubles();
  private readonly crossings = new Doubles();
  private readonly wide: number;
  /** Crossings are packed with their row; columns are shifted by this so that they sort as positive numbers. */
  private readonly shift: number;

  constructor(private readonly size: number) {
    this.wide = size + 1;
    this.shift = 4 * size;
  }

  /** Adds columns `from` to `to` of a row; beyond the grid they come round the world. */
  add(row: number, from: number, to: number): void {
    if (from > to) return;
    const { size } = this;
    if (from >= 0 && to < size) this.push(row, from, to);
    else if (to - from + 1 >= size) this.push(row, 0, size - 1);
    else {
      const first = ((from % size) + size) % size;
      const last = ((to % size) + size) % size;
      if (first <= last) this.push(row, first, last);
      else {
        this.push(row, first, size - 1);
        this.push(row, 0, last);
      }
    }
  }

  /** Notes that an outline crosses the middle of a row at a column given as a fraction. */
  cross(row: number, column: number): void {
    this.crossings.push(row * 2 * this.shift + Math.max(0, Math.min(2 * this.shift - 1, column + this.shift)));
  }

  /** Turns the crossings noted since the last call into runs of tiles whose middle is inside, by the even-odd rule. */
  fill(): void {
    const { crossings, shift } = this;
    if (crossings.length === 0) return;
    sort(crossings);
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const row = Math.floor(crossings.at(at) / (2 * shift));
      const from = crossings.at(at) - row * 2 * shift - shift;
      const to = crossings.at(at + 1) - row * 2 * shift - shift;
      this.add(row, Math.ceil(from - 0.5), Math.ceil(to - 0.5) - 1);
    }
    crossings.length = 0;
  }

  /** Visits the union of the runs in order and forgets them. */
  drain(visit: VisitSpan): void {
    const { runs, wide } = this;
    if (runs.length === 0) return;
    sort(runs);
    let row = -1;
    let from = 0;
    let to = 0;
    for (let at = 0; at < runs.length; at += 1) {
      const packed = runs.at(at);
      const rest = Math.floor(packed / wide);
      const nextTo = packed - rest * wide;
      const nextRow = Math.floor(rest / wide);
      const nextFrom = rest - nextRow * wide;
      if (nextRow === row && nextFrom <= to + 1) {
        if (nextTo > to) to = nextTo;
        continue;
      }
      if (row >= 0) visit(row, from, to);
      row = nextRow;
      from = nextFrom;
      to = nextTo;
    }
    visit(row, from, to);
    runs.length = 0;
  }

  private push(row: number, from: number, to: number): void {
    const packed = (row * this.wide + from) * this.wide + to;
    // the many short edges of a detailed outline lie in one tile
    if (this.runs.length > 0 && this.runs.at(this.runs.length - 1) === packed) return;
    this.runs.push(packed);
  }
}

function sort(list: Doubles): void {
  const { values, length } = list;
  if (length > FEW) {
    values.subarray(0, length).sort();
    return;
  }
  for (let at = 1; at < length; at += 1) {
    const value = values[at] ?? 0;
    let to = at;
    while (to > 0 && (values[to - 1] ?? 0) > value) {
      values[to] = values[to - 1] ?? 0;
      to -= 1;
    }
    values[to] = value;
  }
}
