/** Metrics: what a process counts of itself, as Prometheus reads it. The only home of prom-client. */
import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

// One for the process, as the process is what is measured.
const registry = new Registry()

/** Always a closed set, or one that `boundedNames` has bounded: each combination is kept for as long as the process lives. */
type Labels<Label extends string> = Readonly<Record<Label, string>>

export interface Count<Label extends string> {
  /** One, unless said. */
  add(labels: Labels<Label>, count?: number): void
}

export interface Timing<Label extends string> {
  observe(labels: Labels<Label>, seconds: number): void
}

/** `name` ends in `_total`. */
export function countOf<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Count<Label> {
  const counter = new Counter({ name, help, labelNames, registers: [registry], collect: () => pour() })
  /** What was counted under the same labels one after the other, and is not in the counter yet: it writes a text for each. */
  let latest: { readonly labels: Labels<Label>; count: number } | null = null
  function isOf(known: Labels<Label>, labels: Labels<Label>): boolean {
    for (const name of labelNames) if (known[name] !== labels[name]) return false
    return true
  }
  function pour(): void {
    if (latest) counter.inc({ ...latest.labels }, latest.count)
    latest = null
  }
  return {
    add(labels, count = 1) {
      if (latest && isOf(latest.labels, labels)) latest.count += count
      else {
        pour()
        latest = { labels, count }
      }
    },
  }
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** `name` ends in `_seconds`. */
export function timingOf<Label extends string>(
  name: string,
  help: string,
  labelNames: readonly Label[],
): Timing<Label> {
  const histogram = new Histogram({ name, help, labelNames, buckets, registers: [registry] })
  return { observe: (labels, seconds) => histogram.observe({ ...labels }, seconds) }
}

/** Asked whenever somebody reads. */
export function gaugeOf(name: string, help: string, read: () => number): void {
  registry.removeSingleMetric(name)
  new Gauge({
    ...{ name, help, registers: [registry] },
    collect() {
      this.set(read())
    },
  })
}

export interface Gauges<Label extends string> {
  /** Asked whenever somebody reads; `null`: there is nothing to tell. Of the same labels, whoever said so last is asked. */
  of(labels: Labels<Label>, read: () => number | null): void
}

/** The same of several things in one process, told apart by labels. */
export function gaugesOf<Label extends string>(
  name: string,
  help: string,
  labelNames: readonly Label[],
): Gauges<Label> {
  const readers = new Map<string, { readonly labels: Labels<Label>; readonly read: () => number | null }>()
  new Gauge({
    ...{ name, help, labelNames, registers: [registry] },
    collect() {
      this.reset()
      for (const { labels, read } of readers.values()) {
        const value = read()
        if (value !== null) this.set({ ...labels }, value)
      }
    },
  })
  return {
    of: (labels, read) => void readers.set(labelNames.map((each) => labels[each]).join('\n'), { labels, read }),
  }
}

const other = 'other'

/** Names that callers choose: the first `max` are told apart, the rest are `other`. */
export function boundedNames(max: number): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= max) return other
    known.add(name)
    return name
  }
}

export interface WrittenMetrics {
  readonly contentType: string
  readonly text: string
}

let isCollecting = false

/** Everything that is counted, in Prometheus' text format; the process' own figures (memory, event loop, …) among it. */
export async function writeMetrics(): Promise<WrittenMetrics> {
  if (!isCollecting) collectDefaultMetrics({ register: registry, prefix: 'latchkey_' })
  isCollecting = true
  return { contentType: registry.contentType, text: await registry.metrics() }
}

export interface ServedMetrics {
  readonly url: string
  close(): void
}

/** A port of its own, where one was set. Resolves with what closes it. Rejects when the port is taken. */
export async function openMetrics(host: string, port: number | undefined): Promise<() => void> {
  if (port === undefined) return () => {}
  const { close } = await serveMetrics({ host, port })
  return close
}

/** `GET /metrics` on a port of its own, which nobody outside should reach. Rejects when the port is taken. */
export async function serveMetrics({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<ServedMetrics> {
  const server = createServer(async ({ url, method }, response) => {
    if (url !== '/metrics' || method !== 'GET') {
      response.writeHead(404, { 'content-length': 0 }).end()
      return
    }
    const { contentType, text } = await writeMetrics()
    response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve))
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`, close }
}
