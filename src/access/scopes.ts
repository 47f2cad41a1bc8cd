/** Scopes, of which each includes the ones before it, and who a caller is once a key or token has been checked (API.md section 8, Auth). */

export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export const isScope = (text: string): text is Scope => SCOPES.some((scope) => scope === text);

/** Whether one scope is enough where the other is needed. */
export const covers = (held: Scope | undefined, needed: Scope): boolean => held !== undefined && SCOPES.indexOf(held) >= SCOPES.indexOf(needed);

/** The largest of several; undefined of none. */
export const largest = (scopes: readonly Scope[]): Scope | undefined => SCOPES.findLast((scope) => scopes.includes(scope));

export interface Caller {
  /** Tells callers apart in logs and limits; no secret. */
  readonly name: string;
  /** Undefined for whoever sent nothing, and for a token that grants none. */
  readonly scope: Scope | undefined;
  /** What else a key or token says: roles and groups that collections may be private to. */
  readonly claims: ReadonlySet<string>;
  /** Sent a token that cannot be checked now, and is treated as anybody until it can. */
  readonly unchecked?: boolean;
}

export const ANYBODY: Caller = { name: 'anybody', scope: undefined, claims: new Set() };
