/** Ids of items, collections and datasets: anything but "/" and control characters (API.md section 1). */

/** What is wrong with an id; undefined when nothing is. */
export function idFault(id: unknown): string | undefined {
  if (typeof id !== 'string') return 'must be a string';
  if (id === '') return 'must not be empty';
  // An index row of PostgreSQL holds 2,704 bytes, and tile ids are longer than their dataset's.
  if (Buffer.byteLength(id) > 1024) return 'must not be longer than 1,024 bytes of UTF-8';
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[/\u0000-\u001f\u007f-\u009f]/.test(id)) return 'must not hold "/" or control characters';
  if (id === '.' || id === '..') return 'must not be a path segment with a meaning of its own';
  if (!id.isWellFormed()) return 'must be well-formed Unicode';
  return undefined;
}
