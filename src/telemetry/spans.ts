/** Spans around what takes time; without an exporter (telemetry/export.ts) they are OpenTelemetry's empty ones and cost next to nothing. */
import type { IncomingHttpHeaders } from 'node:http';
import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { messageOf } from '../errors.js';
import { withoutSecrets } from '../log.js';

const tracer = trace.getTracer('stac-mosaic');

/** Runs `work` in a span, which ends with it and says what it threw. */
export function inSpan<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, (span) => ended(span, () => work(span)));
}

/** The span of a request, below the caller's (W3C Trace Context). @param route the path template of the URL table */
export function inRequestSpan<T>(request: { readonly method: string; readonly route: string; readonly path: string; readonly headers: IncomingHttpHeaders }, work: (span: Span) => Promise<T>): Promise<T> {
  const { method, route, path, headers } = request;
  const attributes = { 'http.request.method': method, 'http.route': route, 'url.path': path };
  const parent = propagation.extract(context.active(), headers);
  return tracer.startActiveSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent, (span) => ended(span, () => work(span)));
}

async function ended<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: withoutSecrets(messageOf(error)) });
    throw error;
  } finally {
    span.end();
  }
}
