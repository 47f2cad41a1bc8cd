/** The small language in which the routes are written: an operation takes a call and answers a reply. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Caller, Scope } from '../src/access/scopes.js';
import type { Logger } from '../src/log.js';
import type { Answer, ParameterSet, Parsed, SchemaObject } from '../schemas/parameters.js';
import type { JsonObject } from '../src/json.js';
import type { Visibility } from '../src/pgstac/selection.js';
import type { Services } from '../src/services.js';
import { formatParameter, hasPage } from './negotiate.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a handler gets: everything of the request that it may depend on, parsed. */
export interface Call<P extends ParameterSet = ParameterSet> {
  readonly services: Services;
  readonly caller: Caller;
  /** What does not exist for the caller: passed on to whatever reads collections, items or searches. */
  readonly visibility: Visibility;
  /** Path parameters, percent-decoded once. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Parsed<P>;
  /** The query as it was written, for `self` and paging links. */
  readonly search: URLSearchParams;
  /** The parsed JSON body; undefined where the operation takes none. */
  readonly body: unknown;
  /** The body as it was written, where the operation asks for it; else empty. */
  readonly bodyText: string;
  /** The bytes of a body of a type in `streamed`, unpacked, as they come. */
  readonly stream: AsyncIterable<Buffer> | undefined;
  readonly headers: IncomingHttpHeaders;
  /** The absolute base of every link, without a trailing slash. */
  readonly base: string;
  /** The path asked for, below the base. */
  readonly path: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export interface Reply {
  readonly status?: number;
  /** JSON unless `type` says otherwise; chunks are streamed with backpressure. */
  readonly body?: unknown;
  readonly text?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Never answered with 304: what the client has may have ended. */
  readonly unconditional?: boolean;
}

export interface Operation<P extends ParameterSet = ParameterSet> {
  /** The operationId of the OpenAPI document. */
  readonly id: string;
  readonly summary: string;
  readonly tag: string;
  /** What a caller needs; unless told, `read` for GET and `write` for the other methods. `none`: not even a bad key matters. */
  readonly scope?: Scope | 'none';
  readonly query?: P;
  /** Says what parameters of any other name mean, where they mean something: the operation finds them in `search`. */
  readonly otherParameters?: string;
  /** Media types taken as body, with the schema of what they hold. */
  readonly body?: {
    readonly types: readonly string[];
    /** Types whose bodies are not parsed but handed on as `stream`. */
    readonly streamed?: readonly string[];
    readonly schema: SchemaObject;
    /** Of those media types whose bodies have another schema. */
    readonly schemas?: Readonly<Record<string, SchemaObject>>;
    /** The operation itself names texts and numbers that cannot be stored, among its other faults. */
    readonly gathersFaults?: boolean;
    /** The operation reads the text too: where 1 and 1.0 differ. */
    readonly keepsText?: boolean;
  };
  /** Request headers that only this operation looks at. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: SchemaObject }>>;
  /** Statuses of success, and errors beyond the common 400, 404, 500 and 503. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Answers while the database has not been there since the start; all others are 503 then. */
  readonly withoutDatabase?: true;
  handle(call: Call<P>): Promise<Reply> | Reply;
  /** How a page shows the JSON of this operation; unless told, pages/index.ts goes by the kind of the document. */
  readonly page?: Page;
}

/** Makes a page of the JSON document that an operation has answered. */
export type Page = (document: JsonObject, call: Call, operation: Operation) => string | Promise<string>;

/** Keeps the types of an operation's parameters inside and forgets them outside, so that a table can hold them all. */
export const operation = <P extends ParameterSet>(definition: Operation<P>): Operation => definition;

export interface Route {
  readonly method: Method;
  /** A path template as OpenAPI writes it: `/collections/{collectionId}`. */
  readonly path: string;
  readonly operation: Operation;
}

/** What a caller needs for a route. */
export const scopeOf = ({ method, operation: { scope } }: Pick<Route, 'method' | 'operation'>): Scope | 'none' => scope ?? (method === 'GET' ? 'read' : 'write');

/** A GET that answers JSON answers pages too, and takes `f`, unless it has one of its own that knows more forms. */
export const get = (path: string, operation: Operation): Route => ({
  method: 'GET',
  path,
  operation: hasPage(path, operation) ? { ...operation, query: { f: formatParameter, ...operation.query } } : operation,
});
export const post = (path: string, operation: Operation): Route => ({ method: 'POST', path, operation });
export const put = (path: string, operation: Operation): Route => ({ method: 'PUT', path, operation });
export const patch = (path: string, operation: Operation): Route => ({ method: 'PATCH', path, operation });
export const del = (path: string, operation: Operation): Route => ({ method: 'DELETE', path, operation });

/** One path parameter; its absence would be an error of the route table. */
export function param(call: Pick<Call, 'params'>, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`The route has no path parameter ${name}.`);
  return value;
}
