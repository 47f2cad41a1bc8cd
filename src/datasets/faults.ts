/** The faults of independent parts, gathered so that the caller hears of all of them at once. */
import { DomainError, type Fault } from '../errors.js';
import { unstorable } from '../json-text.js';

/** More are counted and not kept: a million bad tiles must not fill the memory. Ten times what an answer lists, because headers come in any order. */
const MOST_KEPT = 1000;

/** The place of the tile that a fault's path names; parts that are no tile come first. */
const placeOf = ({ path }: Fault): number => Number(/^\/tiles\/(\d+)/.exec(path)?.[1] ?? -1);

export class Faults {
  readonly #kept: Fault[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Runs a parser; its InvalidInput becomes faults, and the answer undefined. */
  attempt<T>(parse: () => T, index?: number): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw error;
      const faults = error.faults.length > 0 ? error.faults : [{ path: '', message: error.message }];
      for (const { path, message } of faults) this.add(path, message, index);
      return undefined;
    }
  }

  add(path: string, message: string, index?: number): void {
    this.#count += 1;
    if (this.#kept.length < MOST_KEPT) this.#kept.push({ path, message, ...(index === undefined ? {} : { index }) });
  }

  /** What cannot be stored, unless it lies within something that was found bad already. */
  addUnstorable(value: unknown, path: string, index?: number): void {
    const found = unstorable(value, path);
    if (found.length === 0) return;
    const known = this.#kept.map((fault) => fault.path);
    for (const fault of found) if (!known.some((at) => fault.path === at || fault.path.startsWith(`${at}/`))) this.add(fault.path, fault.message, index);
  }

  /** @throws InvalidInput that lists the faults by their tiles' places, where there are any */
  throwAny(what: string): void {
    if (this.#count === 0) return;
    const faults = this.#kept.toSorted((a, b) => placeOf(a) - placeOf(b));
    const [first] = faults;
    throw new DomainError('InvalidInput', `${what} has ${this.#count} fault(s); the first: ${first?.path} ${first?.message}`, { faults, faultCount: this.#count });
  }
}
