/** Answers by server-sent events: subscriptions, and whatever else a client takes in no other way. */
import type { Exchange, FrontDependencies } from '../http.ts'
import type { GraphQLRequest, Pipeline } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import { json, type MediaType } from '../respond/media-type.ts'
import { type Answer, writeResult } from '../respond/respond.ts'
import { type EventWriter, eventStream, writeEvents } from '../streams/event-writer.ts'
import type { Streams } from '../streams/streams.ts'
import type { WrittenAnswer } from './apollo-server.ts'

interface EventDependencies extends Pick<FrontDependencies, 'standing' | 'crossOrigin'> {
  readonly pipeline: Pipeline
  readonly streams: Pick<Streams, 'open'>
  readonly send: (exchange: Exchange, answer: WrittenAnswer, mediaType: MediaType) => void
}

const notStreamed = () =>
  protocolError('BAD_REQUEST', 'A stream is asked for with the text of its operation, as `query`.', { status: 400 })

function createEventOpener({ standing, crossOrigin }: EventDependencies) {
  return (
    { request, response, requestId }: Exchange,
    { signal }: GraphQLRequest,
    cookies: readonly string[] = [],
  ): EventWriter => {
    // Whatever stands between must hand events on as they come.
    const fields = [...standing.json, 'x-request-id', requestId, 'content-type', eventStream, 'x-accel-buffering', 'no']
    for (const cookie of cookies) fields.push('set-cookie', cookie)
    for (const [name, value] of Object.entries(crossOrigin.headersFor(request.headers))) fields.push(name, value)
    response.shouldKeepAlive = false
    response.writeHead(200, fields)
    return writeEvents(response, signal)
  }
}

/** One answer, by events. */
function tellOnce(events: EventWriter, { result }: Answer): void {
  events.next(writeResult(result))
  events.complete()
}

/**
 * Resolves with false where it has one answer, and the client takes it as it is. `mediaType` is how such an answer goes out; `null`:
 * the client takes nothing but events.
 */
export function createEventAnswerer(dependencies: EventDependencies) {
  const { pipeline, streams, send } = dependencies
  const openEvents = createEventOpener(dependencies)
  return async (exchange: Exchange, request: GraphQLRequest | null, mediaType: MediaType | null): Promise<boolean> => {
    if (!request && mediaType) return false
    if (!request) throw notStreamed()
    const opened = await streams.open(request, () => openEvents(exchange, request))
    if (opened === 'opened') return true
    if (opened === 'one answer' && mediaType) return false
    const answer = opened === 'one answer' ? await pipeline(request) : opened
    if (opened === 'one answer' && answer.status === 200)
      tellOnce(openEvents(exchange, request, answer.cookies), answer)
    else send(exchange, written(answer), mediaType ?? json)
    return true
  }
}

const written = ({ status, headers, result, cookies }: Answer): WrittenAnswer => ({
  status,
  headers,
  body: writeResult(result),
  ...(cookies && { cookies }),
})
