/** A collector of traces, as OpenTelemetry has them: takes OTLP by HTTP, in JSON, and keeps it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface KeptSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  /** Absent, or empty, for the first of a trace. */
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly facts: Readonly<Record<string, unknown>>
}

export interface Collector {
  readonly url: string
  readonly spans: readonly KeptSpan[]
  /** Everything that was sent, as it came. */
  received(): string
  close(): void
}

interface Fact {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Fact[] }
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<KeptSpan, 'service' | 'facts'> & { readonly attributes: readonly Fact[] })[]
    }[]
  }[]
}

const factsIn = (attributes: readonly Fact[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const spansIn = ({ resourceSpans }: Export): KeptSpan[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, ...span }) => ({
        ...span,
        facts: factsIn(attributes),
        service: String(factsIn(resource.attributes)['service.name']),
      })),
    ),
  )

export async function startCollector(): Promise<Collector> {
  const bodies: string[] = []
  const spans: KeptSpan[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    bodies.push(body)
    spans.push(...spansIn(JSON.parse(body)))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server that listens
  return { url: `http://127.0.0.1:${port}`, spans, received: () => bodies.join('\n'), close: () => server.close() }
}

/** A trace as text: each part below the one it is a part of, with the process and how long it took. */
export function drawn(spans: readonly KeptSpan[]): string {
  const below = (parent: string | undefined): readonly KeptSpan[] =>
    spans
      .filter(({ parentSpanId }) => (parentSpanId || undefined) === parent)
      .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
  const lines = (parent: string | undefined, depth: number): readonly string[] =>
    below(parent).flatMap((span) => [
      [`${'  '.repeat(depth)}${span.name}`.padEnd(64), span.service.padEnd(10), tookMs(span).padStart(8), 'ms'].join(
        ' ',
      ),
      ...lines(span.spanId, depth + 1),
    ])
  return lines(undefined, 0).join('\n')
}

const tookMs = ({ startTimeUnixNano, endTimeUnixNano }: KeptSpan): string =>
  (Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6).toFixed(2)
