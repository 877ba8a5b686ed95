/** Traces: what a request did and how long each part took, across processes. Until `openTraces` nothing is done for them. */
import { AsyncLocalStorage } from 'node:async_hooks'

/** From closed sets, or bounded: never who somebody is, what they sent, or what they were told. */
export type Facts = Readonly<Record<string, string | number>>

export interface Work {
  readonly name: string
  /** `server`: asked by another process; `client`: asks one, or a store. */
  readonly kind: 'server' | 'client' | 'internal'
  readonly facts?: Facts
}

/** One part of a request, from its beginning to its end. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  /** Whether it is told to anybody: decided once for a whole trace. */
  readonly isSampled: boolean
  note(facts: Facts): void
  /** With a code; a message may quote anything. */
  fail(code: string): void
  end(): void
}

/** What makes spans and takes them away. */
export interface Tracer {
  /** `parent` is `null` for the first span of a trace. */
  begin(work: Work, parent: Span | null): Span
  /** The span of another process that this text names (W3C Trace Context); `null` when it names none. */
  read(traceparent: string): Span | null
}

interface Place {
  readonly span: Span
  /** The part of the trace that is this process' own. */
  readonly part: { state: 'open' | 'closed' }
}

// One for the process, as with metrics.
let tracer: Tracer | null = null
const places = new AsyncLocalStorage<Place>()

export const traceBy = (next: Tracer | null): void => {
  tracer = next
}

/** Whether traces are open. Said before anything is built, so that what is built without them has none of them in its way. */
export const tracesAreOpen = (): boolean => tracer !== null

/** What outlives the answer (a connection, a worker that was woken) is no part of the request in which it began. */
function placeNow(): Place | null {
  const place = tracer && places.getStore()
  return place?.part.state === 'open' ? place : null
}

/** Whether what happens now is told to anybody. */
export const isTraced = (): boolean => placeNow()?.span.isSampled === true

/** Runs a part of a request that is traced. */
export function traced<Result>(work: Work, run: () => Result): Result {
  const place = placeNow()
  if (!tracer || !place?.span.isSampled) return run()
  return within({ span: tracer.begin(work, place.span), part: place.part }, run, () => {})
}

/** Runs all of a request: a trace begins, or goes on from another process where the text names one. */
export function tracedFromHere<Result>(traceparent: string | undefined, work: Work, run: () => Result): Result {
  if (!tracer) return run()
  return asOwnPart(tracer.begin(work, traceparent === undefined ? null : tracer.read(traceparent)), run)
}

/** The same where no trace begins: without another process' text nothing is traced. */
export function tracedFromThere<Result>(traceparent: string | undefined, work: Work, run: () => Result): Result {
  const parent = traceparent === undefined ? null : tracer?.read(traceparent)
  return tracer && parent ? asOwnPart(tracer.begin(work, parent), run) : run()
}

function asOwnPart<Result>(span: Span, run: () => Result): Result {
  const part: Place['part'] = { state: 'open' }
  return within({ span, part }, run, () => {
    part.state = 'closed'
  })
}

function within<Result>(place: Place, run: () => Result, ended: () => void): Result {
  const { span } = place
  const end = () => {
    ended()
    span.end()
  }
  const fail = (thrown: unknown) => {
    span.fail(codeOf(thrown))
    end()
  }
  return places.run(place, () => {
    try {
      const result = run()
      if (result instanceof Promise) result.then(end, fail)
      else end()
      return result
    } catch (thrown) {
      fail(thrown)
      throw thrown
    }
  })
}

const code = /^[A-Z][A-Z0-9_]{0,40}$/

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'UNKNOWN'
  return 'code' in thrown && typeof thrown.code === 'string' && code.test(thrown.code) ? thrown.code : thrown.name
}

/** Adds to what is told of the part that runs now. */
export function note(facts: Facts): void {
  if (isTraced()) placeNow()?.span.note(facts)
}

/** Says of the part that runs now that it came to no good, though nothing was thrown. */
export function noteFailure(code: string): void {
  if (isTraced()) placeNow()?.span.fail(code)
}

/** What the next process is told, as the header `traceparent`; `undefined` where there is nothing to tell. */
export function traceparentNow(): string | undefined {
  const span = placeNow()?.span
  return span && `00-${span.traceId}-${span.spanId}-${span.isSampled ? '01' : '00'}`
}

/** For lines of the log; `undefined` where nobody would find the trace. */
export const traceIdNow = (): string | undefined => {
  const span = tracer && places.getStore()?.span
  return span?.isSampled ? span.traceId : undefined
}

export interface TraceTerms {
  /** Which part speaks: `gateway`, `users`, … */
  readonly service: string
  /** Where an OpenTelemetry collector takes OTLP by HTTP; `undefined`: there are no traces. */
  readonly endpoint: string | undefined
  /** Of the requests that come without a decision, how many are traced: 0 to 1. */
  readonly ratio: number
}

/** Opens traces where somebody takes them. To be called before anything is built. Resolves with what sends the last of them. */
export async function openTraces({ endpoint, ...terms }: TraceTerms): Promise<() => Promise<void>> {
  if (endpoint === undefined) return async () => {}
  // Only here: a process without traces need not load what sends them.
  const { openOtlp } = await import('./traces.otlp.ts')
  const { tracer: opened, close } = openOtlp({ endpoint, ...terms })
  traceBy(opened)
  return async () => {
    traceBy(null)
    await close()
  }
}
