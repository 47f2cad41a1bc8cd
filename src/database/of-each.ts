/** State that belongs to a database: made when it is first asked for, gone with the pool or client that it is of. */
import type { ClientBase, Pool } from 'pg';

/** @param make the state of one that was not asked for before */
export function ofEach<T>(make: () => T): (db: Pool | ClientBase) => T {
  const states = new WeakMap<Pool | ClientBase, { readonly state: T }>();
  return (db) => {
    const known = states.get(db);
    if (known !== undefined) return known.state;
    const state = make();
    states.set(db, { state });
    return state;
  };
}
