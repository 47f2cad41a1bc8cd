/** The OpenAPI document: what OGC API - Features asks of one, and what client generators need. */
import { spawnSync } from 'node:child_process';
import { routes } from '../../routes/index.js';
import { openApi } from '../../routes/openapi.js';

const python = process.env['STAC_MOSAIC_TEST_PYTHON'];
const base = 'https://example.com/stac';

interface OperationObject {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Document {
  readonly openapi: string;
  readonly servers: unknown;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

const document = JSON.parse(JSON.stringify(openApi(routes, base))) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
const parameter = (path: string, name: string): unknown => document.paths[path]?.['get']?.parameters.find((candidate) => candidate.name === name);

describe('The OpenAPI document', () => {
  it('is of version 3.0.3 and has the base as its server', () => {
    expect(document.openapi).toBe('3.0.3');
    expect(document.servers).toEqual([{ url: base }]);
  });

  (python === undefined ? it.skip : it)('is valid OpenAPI 3.0 (openapi-spec-validator)', () => {
    const { status, stdout, stderr } = spawnSync(python ?? '', ['-m', 'openapi_spec_validator', '-'], { input: JSON.stringify(document), encoding: 'utf8' });
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it('describes each route once, under an operationId of its own', () => {
    expect(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).toSorted()).toEqual(routes.map(({ path, method }) => `${method} ${path}`).toSorted());
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  it('has every path of OGC API - Features part 1', () => {
    for (const path of ['/', '/conformance', '/collections', '/collections/{collectionId}', '/collections/{collectionId}/items', '/collections/{collectionId}/items/{itemId}']) {
      expect(document.paths[path]?.['get']).toBeDefined();
    }
  });

  it('gives limit, bbox and datetime as OGC API - Features asks (/req/core/fc-limit-definition, fc-bbox-definition, fc-time-definition)', () => {
    for (const path of ['/collections/{collectionId}/items', '/search', '/collections']) {
      const form = { in: 'query', required: false, style: 'form', explode: false };
      expect(parameter(path, 'limit')).toMatchObject({ ...form, schema: { type: 'integer', minimum: 1, maximum: 10000, default: expect.any(Number) as number } });
      expect(parameter(path, 'bbox')).toMatchObject({ ...form, schema: { type: 'array', minItems: 4, maxItems: 6, items: { type: 'number' } } });
      expect(parameter(path, 'datetime')).toMatchObject({ ...form, schema: { type: 'string' } });
    }
  });

  it('describes each path parameter with a type, and explodes none', () => {
    const found = operations.flatMap(({ path, operation }) => operation.parameters.map((given) => ({ path, given })));
    for (const { path, given } of found.filter(({ given }) => given.in === 'path')) {
      expect({ path, given }).toMatchObject({ given: { required: true, style: 'simple', explode: false, description: expect.any(String) as string, schema: { type: expect.stringMatching(/^(string|integer|number)$/) as string } } });
    }
    for (const { path } of routes) for (const [, name] of path.matchAll(/\{(\w+)\}/g)) expect(found.some((one) => one.path === path && one.given.name === name)).toBe(true);
  });

  it('describes the headers that its conditional answers come from', () => {
    for (const { path, method, operation } of operations) {
      const headers = operation.parameters.filter((given) => given.in === 'header').map(({ name }) => name);
      expect({ path, method, asked: headers.includes('If-None-Match') }).toEqual({ path, method, asked: method === 'get' });
      expect({ path, method, asked: headers.includes('If-Match') }).toEqual({ path, method, asked: '412' in operation.responses });
    }
    expect(document.paths['/api/datasets']?.['post']?.parameters.map(({ name }) => name)).toContain('Idempotency-Key');
  });

  it('names real statuses only: no default, no 500, a description for each', () => {
    for (const { operation } of operations) {
      const statuses = Object.keys(operation.responses);
      expect(statuses.every((status) => /^[2-5]\d\d$/.test(status) && status !== '500')).toBe(true);
      expect(Object.values(operation.responses).every((answer) => answer.description !== '')).toBe(true);
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true);
    }
  });

  it('uses no word of JSON Schema that OpenAPI 3.0 lacks, and no $ref that leads nowhere', () => {
    const text = JSON.stringify(document);
    expect(text).not.toMatch(/"(const|\$defs|examples|if|then|prefixItems|patternProperties)":|"type":\[/);
    for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) expect(document.components.schemas[name]).toBeDefined();
  });
});
