/** The bodies and answers that writes of items and collections share. */
import { jsonAnswer } from './documents.js';
import { type Answer, choice, type SchemaObject } from './parameters.js';

export const JSON_PATCH_TYPE = 'application/json-patch+json';

/** RFC 6902 section 4. */
const jsonPatch: SchemaObject = {
  type: 'array',
  items: {
    type: 'object',
    required: ['op', 'path'],
    properties: { op: { type: 'string', enum: ['add', 'remove', 'replace', 'move', 'copy', 'test'] }, path: { type: 'string' }, from: { type: 'string' }, value: {} },
  },
};

/** A merge patch (RFC 7396) unless its media type says that it is a JSON patch (API.md section 8, Transactions). */
export const patchBody = {
  types: ['application/json', 'application/merge-patch+json', JSON_PATCH_TYPE],
  schema: { type: 'object' } satisfies SchemaObject,
  schemas: { [JSON_PATCH_TYPE]: jsonPatch },
};

export const preconditionFailed: Answer = { description: 'If-Match does not name the stored version, or If-None-Match does' };

/** `bulk_items` as stac-fastapi defines it. */
export const bulkBody = {
  types: ['application/json'],
  schema: {
    type: 'object',
    required: ['items'],
    properties: { items: { type: 'object', additionalProperties: { type: 'object' } }, method: { type: 'string', enum: ['insert', 'upsert'], default: 'insert' } },
  } satisfies SchemaObject,
};

export const checkParameters = { validate: choice('Checks everything and writes nothing.', ['only']) };

export const checkAnswer = jsonAnswer('What a check found, with validate=only', 'check');
