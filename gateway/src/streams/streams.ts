/** Subscriptions: a stream of events for each. Whoever opens one takes the steps of any request first, and again before every event. */
import type { Clock } from '@latchkey/clock'
import { actingUserId, type Principal } from '@latchkey/principal'
import type { AccountEvent, AccountNews } from '@latchkey/principal/account-news'
import { Problem } from '@latchkey/problem'
import type { ExecutionResult } from 'graphql'
import type { PermittedOperation } from '../authorize/authorize.ts'
import { refusalModeHeader } from '../authorize/refusal-mode.ts'
import type { PreparedOperation, RunRequest } from '../execute/engine.ts'
import { type GraphQLRequest, requireClient, type Steps, type Witness } from '../pipeline.ts'
import { protocolError } from '../protocol-error.ts'
import { type Answer, writeResult } from '../respond/respond.ts'
import { closing, type Ending } from './ending.ts'
import type { EventWriter } from './event-writer.ts'
import { createExpiryTeller } from './expiry.ts'
import { countedStreams } from './metered.ts'
import { createPlaces, type StreamLimits, usualStreamLimits } from './places.ts'
import { createStream, type Permission, type Stream, type StreamTerms, usualStreamTerms } from './stream.ts'

type Permitted = PermittedOperation<PreparedOperation>

/** What is asked of the graph that is served now: after another took its place, streams go on over that one. */
export interface StreamedGraph {
  readonly authorize: Steps<PreparedOperation>['authorize']
  run(operation: PreparedOperation, request: RunRequest): Promise<ExecutionResult>
}

export interface StreamsDependencies {
  readonly graph: () => StreamedGraph
  readonly steps: Pick<Steps<PreparedOperation>, 'authenticate' | 'afford' | 'balanceOf' | 'respond' | 'refuse'>
  readonly news: AccountNews
  /** So that an event for very many streams leaves others their turn. */
  readonly inTurn: <Result>(work: () => Promise<Result>, signal: AbortSignal) => Promise<Result>
  readonly witness: Witness
  readonly clock: Clock
  /** Usual ones unless said. */
  readonly limits?: StreamLimits | undefined
  readonly terms?: StreamTerms | undefined
}

export interface Streams {
  /**
   * Opens a stream and begins to write it, or answers why not. `one answer`: it is no subscription, and nothing was done but to
   * judge who asks. Never rejects.
   */
  open(request: GraphQLRequest, begin: () => EventWriter): Promise<Answer | 'opened' | 'one answer'>
  /** Tells everybody to come back, to another gateway. */
  close(): void
}

/** Throws for a subscription that is asked as if it had one answer. */
export function forOneAnswer(permitted: Permitted): Permitted {
  if (permitted.operation.kind !== 'subscription') return permitted
  throw protocolError(
    'BAD_REQUEST',
    'A subscription is answered by a stream of events: send `Accept: text/event-stream`, and read until the event `complete`.',
    { status: 406 },
  )
}

/** Jitter, and nothing that has to be secret. */
const random = Math.random

/** Not logged one by one: what they are told is the same for many. */
const quietly = AbortSignal.abort()

export function createStreams(dependencies: StreamsDependencies): Streams {
  const { graph, steps, news, inTurn, witness, clock, terms = usualStreamTerms } = dependencies
  const { limits = usualStreamLimits } = dependencies
  const tellExpired = createExpiryTeller(news)
  const places = createPlaces(limits)
  const count = countedStreams(() => places.taken)
  const open = new Set<Stream>()
  let state: 'open' | 'closing' = 'open'

  async function look(request: GraphQLRequest, presented: 'now' | 'before'): Promise<Look> {
    const caller = await steps.authenticate(request.headers, request.client, presented)
    const { authorize, run } = graph()
    return { caller, permitted: authorize({ ...request, headers: wholeOrNot(request) }, caller), run }
  }

  function explain(request: GraphQLRequest, { thrown, why }: Ending): string {
    const asked = why === 'refused' || why === 'fault' ? request : { ...request, signal: quietly }
    return writeResult(steps.refuse(thrown, asked).result)
  }

  /** An event costs what the operation costs a request: whoever may ask no more is told no more. */
  async function spend({ caller: { key }, permitted }: Look, request: GraphQLRequest): Promise<void> {
    await steps.afford?.(permitted, request)
    if (key) await steps.balanceOf(key).spend(permitted.cost)
  }

  function permissionOf(held: Look, request: GraphQLRequest): Permission {
    const { permitted, run } = held
    const { operation, principal } = permitted
    return {
      principal,
      liveUntilMs: held.caller.liveUntilMs,
      wants: chooserOf(operation.plan, request),
      async answer({ facts }, signal) {
        await spend(held, request)
        const accountId = actingUserId(principal) ?? ''
        const { variables, requestId, client } = request
        const asking = { variables, principal, requestId, client, signal, event: { accountId, facts } }
        const executed = await inTurn(() => run(operation.plan, asking), signal)
        const { result } = steps.respond(executed, { ...request, signal })
        return isNothing(result) ? null : writeResult(result)
      },
    }
  }

  /** Taken back whole when it comes to nothing. */
  async function prepare(request: GraphQLRequest, { principal }: Permitted): Promise<Stream> {
    const undo = [places.take(principal)]
    const stream = createStream({
      ...{ terms, random, clock, onEvent: count.event },
      look: async () => permissionOf(await look(request, 'before'), request),
      explain: (ending) => explain(request, ending),
      onEnd(ending, held) {
        if (ending.why === 'expired' && held) tellExpired(held)
        for (const step of undo.splice(0)) step()
        if (open.delete(stream)) count.ended(ending.why)
      },
    })
    try {
      for (const accountId of accountsBehind(principal)) undo.push(await news.listen(accountId, stream))
      return stream
    } catch (thrown) {
      for (const step of undo.splice(0)) step()
      throw thrown
    }
  }

  async function start(request: GraphQLRequest, first: Look, begin: () => EventWriter): Promise<Answer | 'opened'> {
    const startedMs = performance.now()
    const asked: string[] = []
    const stream = await prepare(request, first.permitted)
    try {
      // Whatever was told before it could be heard is found by looking.
      const held = await look(request, 'before')
      const { caller, permitted } = held
      requireClient(request)
      await spend(held, request)
      const { variables, requestId, client, signal } = request
      const asking = { variables, principal: permitted.principal, requestId, client, signal, asked }
      const result = await held.run(permitted.operation.plan, asking)
      if (stream.ended) throw stream.ended.thrown
      if (state === 'closing') throw closing(random()).thrown
      witness(request, { caller, result, asked }, performance.now() - startedMs)
      const answer = steps.respond(result, request)
      if (answer.status !== 200) return leave(stream, answer)
      const wire = begin()
      if (answer.result.errors) return refuseWithin(stream, answer, wire)
      open.add(stream)
      count.opened()
      stream.begin(wire, permissionOf(held, request))
      return 'opened'
    } catch (thrown) {
      leave(stream, null)
      witness(request, { caller: first.caller, thrown, asked }, performance.now() - startedMs)
      throw thrown
    }
  }

  return {
    async open(request, begin) {
      try {
        if (state === 'closing') throw closing(random()).thrown
        const first = await look(request, 'now')
        return first.permitted.operation.kind === 'subscription' ? await start(request, first, begin) : 'one answer'
      } catch (thrown) {
        return steps.refuse(thrown, request)
      }
    },
    close() {
      state = 'closing'
      for (const stream of open) stream.end(closing(random()))
    },
  }
}

/** A stream is permitted whole or not at all, also where requests are answered without what is not permitted of them. */
const wholeOrNot = ({ headers }: GraphQLRequest) => ({ ...headers, [refusalModeHeader]: 'reject' })

interface Look {
  readonly caller: Parameters<Steps<PreparedOperation>['authorize']>[1]
  readonly permitted: Permitted
  /** Of the graph that the operation was prepared for. */
  readonly run: StreamedGraph['run']
}

const nobodyToTell = { why: 'refused', thrown: null } as const

function leave<Given>(stream: Stream, given: Given): Given {
  stream.end(nobodyToTell)
  return given
}

/** The first look at what is subscribed to was refused by its own subgraph. */
function refuseWithin(stream: Stream, { result }: Answer, wire: EventWriter): 'opened' {
  wire.next(writeResult(result))
  wire.complete()
  return leave(stream, 'opened')
}

/** Whose news may end it: the account's, and of a person in whose place somebody acts also theirs. */
function accountsBehind(principal: Principal): readonly string[] {
  const accountId = actingUserId(principal)
  if (accountId === null) throw new Problem('UNAUTHENTICATED', 'a stream of nobody')
  return principal.kind === 'user' && principal.act ? [accountId, principal.act.sub] : [accountId]
}

/** An argument chooses the events that say the same by its name. */
function chooserOf({ subscribed, coerceVariables }: PreparedOperation, { variables }: GraphQLRequest) {
  const coerced = coerceVariables(variables)
  const given = subscribed && 'coerced' in coerced ? Object.entries(subscribed.argumentsFor(coerced.coerced)) : []
  return ({ field, facts }: AccountEvent): boolean =>
    field === subscribed?.field &&
    given.every(([name, value]) => value === null || !Object.hasOwn(facts, name) || facts[name] === value)
}

/** The subgraph had nothing to say of it. */
const isNothing = ({ data, errors }: Answer['result']): boolean =>
  !errors && Object.values(data ?? {}).every((value) => value === null)
