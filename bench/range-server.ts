/** A program that serves files of a folder over HTTP with ranges, as a blob store does: argv is the folder and the port. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const [folder = '.', port = '0'] = process.argv.slice(2);

createServer((request, response) => {
  const path = join(folder, normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)));
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    response.writeHead(404).end();
    return;
  }
  const headers = { 'Accept-Ranges': 'bytes', 'Content-Type': 'image/tiff' };
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = asked === null ? 0 : Number(asked[1]);
  const end = Math.min(size - 1, asked === null || asked[2] === '' ? size - 1 : Number(asked[2]));
  if (start > end) {
    response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  response.writeHead(asked === null ? 200 : 206, { ...headers, 'Content-Length': end - start + 1, ...(asked === null ? {} : { 'Content-Range': `bytes ${start}-${end}/${size}` }) });
  if (request.method === 'HEAD') response.end();
  else createReadStream(path, { start, end }).pipe(response);
}).listen(Number(port), '127.0.0.1');
