/** `/files`: what the server itself stored, MosaicJSON copies and thumbnails. */
import { notFound } from '../src/errors.js';
import { segment } from '../src/links.js';
import { type Operation, operation, param } from './http.js';

/** Names as `metadata/mosaics/x.json`: folders and a file, each an encoded segment. */
export const read: Operation = operation({
  id: 'getFile',
  summary: 'A stored file',
  tag: 'Files',
  answers: { 200: { description: 'The file', type: 'application/octet-stream' } },
  async handle({ services, params }) {
    const { folder, kind } = params;
    // Stored names are encoded segments, and the path came decoded.
    const name = `${folder ?? ''}/${kind ?? ''}/${segment(param({ params }, 'name'))}`;
    const blob = /\.tmp$|\.[0-9a-f-]{36}\.json$/.test(name) ? undefined : await services.blobs.get(name);
    if (blob === undefined) throw notFound(`The file ${name}`);
    return { text: blob.bytes, type: blob.type, headers: { 'Cache-Control': 'no-cache' } };
  },
});
