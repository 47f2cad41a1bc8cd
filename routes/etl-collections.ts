/** `POST /api/collections`: a collection made of COGs, the ETL's one call (API.md section 2). */
import { documentSchema, jsonAnswer } from '../schemas/documents.js';
import { createCollectionOf } from '../src/collections/from-entries.js';
import { type Json, textOf } from '../src/json.js';
import { paths } from '../src/links.js';
import { operation } from './http.js';

export const create = operation({
  id: 'postCollectionOfCogs',
  summary: 'Makes a collection of COGs, or of items, and registers its search',
  tag: 'Collections',
  body: { types: ['application/json'], schema: documentSchema('collectionRequest'), gathersFaults: true },
  answers: {
    201: jsonAnswer('What was made, and what was left out; Location names the collection', 'collectionAnswer'),
    409: { description: 'The collection exists' },
  },
  async handle({ services, body, base, signal, visibility }) {
    const answer = await createCollectionOf(services, body, visibility, signal);
    const absolute = (path: Json | undefined): Json => (typeof path === 'string' ? base + path : null);
    return {
      status: 201,
      headers: { Location: base + paths.collection(textOf(answer['collection_id'])) },
      body: { ...answer, viewer_url: absolute(answer['viewer_url']), tilejson_url: absolute(answer['tilejson_url']) },
    };
  },
});
