/** The OpenAPI 3.0.3 document, made from the route table: what is not a route is not described, and the reverse. */
import type { ParameterSet, SchemaObject } from '../schemas/parameters.js';
import { documents, documentSchema } from '../schemas/documents.js';
import { pathParameter } from '../schemas/paths.js';
import { isObject } from '../src/json.js';
import type { Method, Operation, Route } from './http.js';
import { hasPage } from './negotiate.js';
import { OPEN, refusals, type Security, securityOf, securitySchemes } from './security.js';

/** A GET may be asked for a page, and its errors are pages then. */
const errorAnswer = (description: string, method: Method): SchemaObject => ({
  description,
  content: { 'application/json': { schema: documentSchema('error') }, ...(method === 'GET' ? { 'text/html': { schema: { type: 'string' } } } : {}) },
});

/** Whether it changes what is stored: those answer 201 or 204. */
const isWrite = ({ answers }: Operation): boolean => answers[201] !== undefined || answers[204] !== undefined;

/**
 * Answers that operations share: all may find a fault or the database away; those with `{parameters}` in their path may
 * find nothing there, writes a conflict, those with a body one that is too large or of another type. A GET may be told
 * that its ETag still holds (RFC 9110 section 15.4.5).
 */
function commonAnswers(route: Route, security: Security): Record<string, SchemaObject> {
  const { method, path, operation } = route;
  return {
    ...(method === 'GET' ? { 304: { description: 'What If-None-Match names is still so', headers: { ETag: ETAG } } } : {}),
    400: errorAnswer('Something in the request breaks a rule', method),
    ...Object.fromEntries(Object.entries(refusals(route, security)).map(([status, why]) => [status, errorAnswer(why, method)])),
    ...(path.includes('{') ? { 404: errorAnswer('There is no such resource', method) } : {}),
    ...(method !== 'GET' && isWrite(operation) ? { 409: errorAnswer('What is stored does not allow it', method) } : {}),
    ...(operation.body === undefined ? {} : { 413: errorAnswer('The body is too large', method), 415: errorAnswer('The body has another media type', method) }),
    503: errorAnswer('The server or its database is overloaded or away', method),
  };
}

const ETAG: SchemaObject = { description: 'Names this state of the resource, for If-None-Match', schema: { type: 'string' } };
const LOCATION: SchemaObject = { description: 'The one resource that was written', schema: { type: 'string', format: 'uri' } };

/** @param conditional whether the operation honours If-Match, so that its answers carry the ETag of what was written */
function headersOf(status: string, method: Method, conditional: boolean): SchemaObject {
  if (status === '200' && (method === 'GET' || conditional)) return { headers: { ETag: ETAG } };
  return status === '201' ? { headers: { Location: LOCATION } } : {};
}

/** A page beside each JSON answer of a GET (routes/negotiate.ts). */
const orPage = ({ method, path, operation }: Route, content: SchemaObject): SchemaObject =>
  method === 'GET' && hasPage(path, operation) ? { ...content, 'text/html': { schema: { type: 'string' } } } : content;

function answersOf(route: Route, security: Security): Record<string, SchemaObject> {
  const own = Object.entries(route.operation.answers).map(([status, { description, type, schema, others = [] }]): [string, SchemaObject] => {
    if (Number(status) >= 400) return [status, errorAnswer(description, route.method)];
    return [status, { description, ...headersOf(status, route.method, route.operation.answers[412] !== undefined), ...(type === undefined ? {} : { content: { ...orPage(route, { [type]: { schema: schema ?? { type: 'string', format: 'binary' } } }), ...Object.fromEntries(others.map((other) => [other, { schema: { type: 'string' } }])) } }) }];
  });
  return { ...commonAnswers(route, security), ...Object.fromEntries(own) };
}

function pathParameters(path: string): SchemaObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, style: 'simple', explode: false, ...pathParameter(name ?? '') }));
}

/** One of those can be empty as it is; any other parameter with nothing after its `=` is as good as not there: forms send those. */
const isTextList = ({ items }: SchemaObject): boolean => isObject(items) && items['type'] === 'string';

function queryParameters(query: ParameterSet): SchemaObject[] {
  return Object.entries(query).map(([name, { description, schema, repeated }]) => ({
    name,
    in: 'query',
    description,
    required: false,
    ...(isTextList(schema) ? {} : { allowEmptyValue: true }),
    style: 'form',
    explode: repeated === true,
    schema,
  }));
}

const TEXT: SchemaObject = { type: 'string' };

/** The request headers that its answers come from, and its own (Accept, Content-Type and Authorization are never described as parameters: OpenAPI 3.0.3, 4.7.12). */
function requestHeaders({ method, operation: { answers, headers = {} } }: Route): SchemaObject[] {
  const known = {
    ...(method === 'GET' ? { 'If-None-Match': { description: 'ETags that the client has: 304 where one of them holds.', schema: TEXT } } : {}),
    ...(answers[412] === undefined ? {} : { 'If-Match': { description: 'ETags of which one must hold: 412 otherwise.', schema: TEXT } }),
    ...(answers[200] !== undefined && answers[204] !== undefined && method !== 'GET' ? { Prefer: { description: '`return=representation` asks for the document in place of 204.', schema: TEXT } } : {}),
    ...headers,
  };
  return Object.entries(known).map(([name, { description, schema }]) => ({ name, in: 'header', description, required: false, style: 'simple', explode: false, schema }));
}

function describe(route: Route, security: Security): SchemaObject {
  const { operation, path } = route;
  const { id, summary, tag, query, body } = operation;
  return {
    operationId: id,
    summary,
    tags: [tag],
    parameters: [...pathParameters(path), ...queryParameters(query ?? {}), ...requestHeaders(route)],
    ...(body === undefined ? {} : { requestBody: { required: true, content: { ...Object.fromEntries(body.types.map((type) => [type, { schema: body.schemas?.[type] ?? body.schema }])), ...Object.fromEntries((body.streamed ?? []).map((type) => [type, { schema: { type: 'string' } }])) } } }),
    responses: answersOf(route, security),
    ...securityOf(route, security),
  };
}

/** @param base the absolute base of the API: the one server of the document */
export function openApi(routes: readonly Route[], base: string, security: Security = OPEN): SchemaObject {
  const paths: Record<string, Record<string, SchemaObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = describe(route, security);
  return {
    openapi: '3.0.3',
    info: { title: 'stac-mosaic', version: '0.1.0', description: 'STAC API and OGC API over pgSTAC, with datasets, mosaics and map tiles.', license: { name: 'Apache-2.0' } },
    servers: [{ url: base }],
    tags: tagsOf(routes.map((route) => route.operation)),
    paths,
    components: { schemas: documents, ...(security.auth === 'none' ? {} : { securitySchemes: securitySchemes(security) }) },
  };
}

const tagsOf = (operations: readonly Operation[]): SchemaObject[] => [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name }));
