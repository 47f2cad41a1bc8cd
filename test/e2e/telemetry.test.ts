/** Spans of a real server reach a real collector, below the caller's own, also those of its last moments. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServerDatabase } from '../support/database.js';
import { boxTiles, datasetBody } from '../support/datasets.js';
import { startServerProcess } from '../support/process.js';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string; readonly intValue?: number } }[];
}

interface Sent {
  readonly resourceSpans: readonly { readonly resource: { readonly attributes: SentSpan['attributes'] }; readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[] }[];
}

it('OTEL_EXPORTER_OTLP_ENDPOINT gets the spans of requests and transactions, and none of their secrets', async () => {
  const sent: Sent[] = [];
  const collector = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      expect(request.url).toBe('/v1/traces');
      sent.push(JSON.parse(Buffer.concat(pieces).toString()) as Sent);
      response.setHeader('Content-Type', 'application/json').end('{}');
    });
  });
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const database = await createServerDatabase();
  const server = await startServerProcess({ ...database.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`, OTEL_SERVICE_NAME: 'tested' });
  const [traceId, parentId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const headers = { 'Content-Type': 'application/json', traceparent: `00-${traceId}-${parentId}-01` };
  const posted = await fetch(`${server.url}/api/datasets?validate=none`, { method: 'POST', headers, body: '{}' });
  expect(posted.status).toBe(400);
  expect((await fetch(`${server.url}/api/datasets`, { method: 'POST', headers, body: JSON.stringify(datasetBody('d', boxTiles(2))) })).status).toBe(201);
  expect(await server.stop()).toBe(0);
  collector.close();
  await database.remove();

  expect(sent[0]?.resourceSpans[0]?.resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'tested' } });
  const spans = sent.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))).filter((span) => span.traceId === traceId);
  const requests = spans.filter(({ name }) => name === 'POST /api/datasets');
  expect(requests.map(({ parentSpanId, status }) => [parentSpanId, status.code ?? 0])).toEqual([[parentId, 2], [parentId, 0]]);
  const written = requests.find(({ status }) => (status.code ?? 0) === 0);
  expect(written?.attributes).toContainEqual({ key: 'http.response.status_code', value: { intValue: 201 } });
  expect(spans.filter(({ name, parentSpanId }) => name === 'transaction' && parentSpanId === written?.spanId).length).toBeGreaterThan(0);
}, 120_000);
