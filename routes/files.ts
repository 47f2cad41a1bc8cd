/** `/files`: what the server itself stored, MosaicJSON copies, originals' metadata and thumbnails. */
import { isUnfinished } from '../src/datasets/dataset-item.js';
import { notFound } from '../src/errors.js';
import { segment } from '../src/links.js';
import { type Operation, operation, param } from './http.js';

/** Nothing else of the store is served, whatever else may lie in its container or folder. */
const SERVED = new Set(['metadata/mosaics', 'metadata/original', 'metadata/thumbnails']);

/** Names as `metadata/mosaics/x.json`: folders and a file, each an encoded segment. */
export const read: Operation = operation({
  id: 'getFile',
  summary: 'A stored file',
  tag: 'Files',
  answers: { 200: { description: 'The file', type: 'application/octet-stream' }, 502: { description: 'The store failed' }, 504: { description: 'The store did not answer in time' } },
  async handle({ services, params }) {
    const folder = `${param({ params }, 'folder')}/${param({ params }, 'kind')}`;
    // Stored names are encoded segments, and the path came decoded.
    const file = segment(param({ params }, 'name'));
    const name = `${folder}/${file}`;
    const blob = !SERVED.has(folder) || isUnfinished(file) || /^\.*$/.test(file) ? undefined : await services.blobs.get(name);
    if (blob === undefined) throw notFound(`The file ${name}`);
    return { text: blob.content, type: blob.type, headers: { ETag: blob.etag, 'Content-Length': String(blob.size), 'Cache-Control': 'no-cache' } };
  },
});
