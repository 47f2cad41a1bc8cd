/** Parses the parts of one tile and gathers their faults. */
import type { Geometry } from 'geojson';
import { DomainError, type Fault, invalidInput } from '../errors.js';
import type { Bbox } from '../geojson.js';
import type { Json } from '../json.js';
import { parseFootprint } from './footprint.js';

type Numbers = { index?: number; row?: number; col?: number };

export class Parts {
  readonly #faults: Fault[] = [];

  constructor(private readonly path: string) {}

  add(member: string, message: string): void {
    this.#faults.push({ path: `${this.path}/${member}`, message });
  }

  addAll(faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  /** `index`, `row` and `col`: whole numbers >= 0 that a PostgreSQL integer holds (the queryable tile_index is one). */
  place(given: { readonly [K in keyof Numbers]: Json | undefined }): Numbers {
    const numbers: Numbers = {};
    for (const name of ['index', 'row', 'col'] as const) {
      const value = given[name];
      if (value === undefined || value === null) continue;
      if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2_147_483_647) numbers[name] = value;
      else this.add(name, 'must be a whole number from 0 to 2147483647');
    }
    return numbers;
  }

  href(value: Json | undefined, member: string): string {
    if (typeof value === 'string' && value.trim() !== '') return value;
    this.add(member, value === undefined ? 'is missing' : 'must be a non-empty string');
    return '';
  }

  footprint(bbox: Json | undefined, geometry: Json | undefined): { bbox: Bbox; geometry: Geometry } | undefined {
    try {
      return parseFootprint(bbox, geometry, this.path);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.addAll(error.faults);
      return undefined;
    }
  }

  throwAny(): void {
    if (this.#faults.length > 0) throw invalidInput(`${this.path} is not a valid tile.`, this.#faults);
  }
}
