/** Sends spans to an OpenTelemetry collector; loaded only where OTEL_EXPORTER_OTLP_ENDPOINT names one. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';

export interface Telemetry {
  /** Sends what is left. */
  close(): Promise<void>;
}

/** @param endpoint the collector's base, without `/v1/traces` (the OTLP specification, section "Endpoint URLs for OTLP/HTTP") */
export function startTelemetry({ endpoint, serviceName }: { readonly endpoint: string; readonly serviceName: string }): Telemetry {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))],
  });
  provider.register();
  return { close: () => provider.shutdown() };
}
