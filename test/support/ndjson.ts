/** Datasets as lines of JSON, and uploads that a test sends piece by piece. */
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { Loose, TestAnswer } from './client.js';
import type { DatasetBody } from './datasets.js';
import type { TestServer } from './server.js';

export const NDJSON = { 'content-type': 'application/x-ndjson' } as const;

/** The head on the first line, then a tile a line. */
export function linesOf({ tiles, ...head }: DatasetBody | { tiles: unknown[]; [member: string]: unknown }): string {
  return [head, ...tiles].map((part) => `${JSON.stringify(part)}\n`).join('');
}

export const postLines = (server: Pick<TestServer, 'request'>, lines: string | Buffer, headers: Record<string, string> = {}, path = '/api/datasets', method = 'POST'): Promise<TestAnswer> =>
  server.request(method, path, { body: lines, headers: { ...NDJSON, ...headers } });

export interface UploadAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Loose;
}

export interface OpenUpload {
  readonly outgoing: ClientRequest;
  /** The answer; undefined when the connection was cut without one. */
  readonly answer: Promise<UploadAnswer | undefined>;
}

/** An upload whose body stays open: write to it, end it, or destroy it. */
export function openUpload(url: string, path = '/api/datasets', method = 'POST'): OpenUpload {
  const outgoing = request(url + path, { method, headers: { ...NDJSON, 'transfer-encoding': 'chunked' } });
  const answer = new Promise<UploadAnswer | undefined>((resolve) => {
    outgoing.on('error', () => resolve(undefined));
    outgoing.on('response', (incoming: IncomingMessage) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', () => resolve(undefined));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Loose }));
    });
  });
  return { outgoing, answer };
}
