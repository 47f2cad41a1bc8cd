/** Collects the values of a statement while its text is written: what a caller sent reaches SQL only as `$n`. */

/** Types that a placeholder is cast to where PostgreSQL cannot infer one. */
export type SqlType =
  | 'text'
  | 'text[]'
  | 'numeric'
  | 'numeric[]'
  | 'float8'
  | 'int'
  | 'bigint'
  | 'boolean'
  | 'timestamptz'
  | 'date'
  | 'jsonb';

/** One builder makes one statement: the filter's parameters and the search's share its numbering. */
export class SqlBuilder {
  readonly #values: unknown[] = [];
  readonly #placeholders = new Map<string, string>();

  /** The values in the order of their placeholders, for `pool.query(text, values)`. */
  get values(): unknown[] {
    return this.#values;
  }

  /**
   * A placeholder for a value, as `$3` or `$3::numeric`. Equal scalars share one placeholder, so that a
   * repeated literal is sent once.
   */
  param(value: unknown, type?: SqlType): string {
    const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    const key = scalar ? `${typeof value}:${value}:${type ?? ''}` : undefined;
    const known = key === undefined ? undefined : this.#placeholders.get(key);
    if (known !== undefined) return known;
    this.#values.push(value);
    const placeholder = type === undefined ? `$${this.#values.length}` : `$${this.#values.length}::${type}`;
    if (key !== undefined) this.#placeholders.set(key, placeholder);
    return placeholder;
  }
}

/**
 * A text literal inside SQL, for the names of json keys: the planner matches expression indexes on
 * constants only, so a key that came from a property's name cannot be a placeholder.
 */
export function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
