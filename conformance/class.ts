/** A conformance class: its URIs, and the checks that a server must pass to claim them. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text. */
  readonly body: unknown;
}

/** How a check talks to the server: paths are relative to the landing page. */
export interface Probe {
  readonly base: string;
  readonly get: (path: string, headers?: Record<string, string>) => Promise<Answer>;
  readonly send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** A dataset and a collection with items that the walk has made. */
  readonly fixtures: { readonly dataset: string; readonly collection: string; readonly item: string };
}

export interface Check {
  /** What holds, with the requirement or section it comes from. */
  readonly name: string;
  /** Throws an Error that says what did not hold. */
  run(probe: Probe): Promise<void>;
}

export interface ConformanceClass {
  readonly title: string;
  readonly uris: readonly string[];
  readonly checks: readonly Check[];
}

/** Fails a check. */
export function must(condition: unknown, what: string): asserts condition {
  if (condition !== true) throw new Error(what);
}

type Members = Readonly<Record<string, unknown>>;

export const members = (value: unknown): Members => (typeof value === 'object' && value !== null ? (value as Members) : {});

export const arrayOf = (value: unknown): Members[] => (Array.isArray(value) ? value.map(members) : []);

/** The links of a document with a relation. */
export const linksOf = (body: unknown, rel: string): Members[] => arrayOf(members(body)['links']).filter((link) => link['rel'] === rel);
