/** Spans as OpenTelemetry has them, sent by OTLP over HTTP. The only home of @opentelemetry. */
import { type Span as OtelSpan, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Span, Tracer, TraceTerms } from './traces.ts'

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const
const sampled = 1
/** Of what other teams' subgraphs say. */
const charactersMax = 200
const sendEveryMs = 1_000
/** A collector that is slow or away keeps no process from ending. */
const sendWithinMs = 3_000

export type OtlpTerms = Omit<TraceTerms, 'endpoint'> & { readonly endpoint: string }

/** What else the exporter is told, `OTEL_EXPORTER_OTLP_HEADERS` among it, it reads from the environment itself. */
export function openOtlp({ service, endpoint, ratio }: OtlpTerms): { readonly tracer: Tracer; close(): Promise<void> } {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: sendWithinMs,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'latchkey', 'service.name': service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanLimits: { attributeValueLengthLimit: charactersMax },
    spanProcessors: [
      new BatchSpanProcessor({ exporter, scheduledDelayMillis: sendEveryMs, exportTimeoutMillis: sendWithinMs }),
    ],
  })
  return { tracer: tracerOver(provider), close: () => provider.shutdown() }
}

function tracerOver(provider: TracerProvider): Tracer {
  const tracer = provider.getTracer('latchkey')
  const contexts = new WeakMap<Span, typeof ROOT_CONTEXT>()
  const known = (span: Span, context: typeof ROOT_CONTEXT): Span => {
    contexts.set(span, context)
    return span
  }
  return {
    begin({ name, kind, facts = {} }, parent) {
      const context = (parent && contexts.get(parent)) ?? ROOT_CONTEXT
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes: { ...facts } }, context)
      return known(spanOf(span), trace.setSpan(context, span))
    },
    read(traceparent) {
      const there = parseTraceParent(traceparent)
      if (!there) return null
      const span = trace.wrapSpanContext({ ...there, isRemote: true })
      return known(spanOf(span), trace.setSpan(ROOT_CONTEXT, span))
    },
  }
}

function spanOf(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    ...{ traceId, spanId, isSampled: (traceFlags & sampled) === sampled },
    note: (facts) => void span.setAttributes({ ...facts }),
    fail: (code) => void span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', code),
    end: () => span.end(),
  }
}
