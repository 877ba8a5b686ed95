/** Planning, in a process of its own: an operation that the planner does not survive is refused, and nothing else is lost. */
import { createHash } from 'node:crypto'
import type { QueryPlan } from '@graphql-hive/router-query-planner'
import type { Clock } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { GraphQLError } from 'graphql'
import { type Child, type Lost, type PlanQuestion, type Reply, startChild } from './child.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { createRefusedOperations } from './refused-operations.ts'

/** Plans over one supergraph. */
export interface Planner {
  /** So that nobody waits for it later. Rejects with an Error when there is no planning over this supergraph. */
  open(): Promise<void>
  /**
   * Rejects with a GraphQLError when the subgraphs cannot answer this together; with OPERATION_TOO_COSTLY when the planner
   * does not survive it, or does not end; with UNAVAILABLE when nothing can be planned just now.
   */
  plan(query: string, operationName?: string): Promise<QueryPlan>
}

export interface Planning {
  /** Need not be closed: the process forgets a supergraph that was not asked lately, and is told it again. */
  over(supergraphSdl: string): Planner
  /** The process that plans, once it is needed. */
  readonly pid: number | undefined
  close(): void
}

export interface PlanningTerms {
  /** Of the processor's time. A plan takes a fraction of a millisecond, save those that would never end. */
  readonly planMsMax: number
  /** For any answer, for the process to start, and to take a supergraph up. */
  readonly answerMsMax: number
  readonly waitingMax: number
}

const usualTerms: PlanningTerms = { planMsMax: 1_000, answerMsMax: 10_000, waitingMax: 1_000 }

export interface PlanningDependencies {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'warn' | 'error'>
  /** The usual ones unless said. */
  readonly terms?: Partial<PlanningTerms>
}

/** One thing is asked at a time: so it is known over what the process was lost. */
export function createPlanning({ clock, logger, terms }: PlanningDependencies): Planning {
  const { planMsMax, answerMsMax, waitingMax } = { ...usualTerms, ...terms }
  const inTurn = oneAtATime(waitingMax)
  const refused = createRefusedOperations(clock)
  let child: Child | undefined
  let state: 'open' | 'closed' = 'open'

  /** One that is lost while nobody asks it anything is replaced without a word. */
  async function started(): Promise<Child> {
    for (let tries = 0; tries < 2; tries++) {
      if (state === 'closed') throw unavailable('the planner is closed')
      if (!child || child.lost) child = startChild()
      const running = child
      await running.greet(answerMsMax)
      if (!running.lost) return running
    }
    logger.error({ detail: child?.lost?.detail }, 'the planner does not start')
    throw unavailable('the planner does not start')
  }

  async function hold(graph: string, supergraphSdl: string): Promise<Reply | Lost> {
    const running = await started()
    return running.ask({ kind: 'hold', graph, supergraphSdl }, answerMsMax)
  }

  async function askOnce(question: PlanQuestion, supergraphSdl: string): Promise<Reply | Lost> {
    const running = await started()
    const said = await running.ask(question, answerMsMax)
    if (said.kind !== 'unknown') return said
    const held = await hold(question.graph, supergraphSdl)
    if (held.kind === 'held') return running.ask(question, answerMsMax)
    logger.error({ detail: wordsOf(held) }, 'the planner does not take the supergraph up')
    throw unavailable('the planner does not take the supergraph up')
  }

  /** Those who wait are served by the next one. It is started at once, also when nobody waits. */
  function replace(operation: string, { by, detail }: Lost): void {
    if (state === 'closed') throw unavailable('the planner is closed')
    logger.warn({ operation, by, detail }, 'the planner was lost over an operation')
    child = startChild()
  }

  async function plan(operation: string, question: PlanQuestion, sdl: string): Promise<QueryPlan> {
    let lost: Lost | undefined
    // Whoever ends a process means the process, and a machine that is busy makes any answer late: it is asked once more.
    while (lost === undefined || lost.by !== 'the question') {
      refused.judge(operation)
      const said = await askOnce(question, sdl)
      if (said.kind === 'planned') return said.plan
      if (said.kind !== 'lost') throw notPlanned(wordsOf(said))
      replace(operation, said)
      if (lost) break
      lost = said
    }
    throw refused.add(operation, lost)
  }

  return {
    over(supergraphSdl) {
      const graph = digest([supergraphSdl])
      return {
        async open() {
          const said = await inTurn(() => hold(graph, supergraphSdl))
          if (said.kind !== 'held') throw new Error(`There is no planning over this supergraph: ${wordsOf(said)}`)
        },
        async plan(query, operationName) {
          const operation = digest([graph, operationName ?? '', query])
          refused.judge(operation)
          return inTurn(() =>
            plan(operation, { kind: 'plan', graph, query, operationName, cpuMsMax: planMsMax }, supergraphSdl),
          )
        },
      }
    },
    get pid() {
      return child?.pid
    },
    close() {
      state = 'closed'
      child?.end()
    },
  }
}

const digest = (parts: readonly string[]): string => createHash('sha256').update(parts.join('\0')).digest('base64url')

function wordsOf(said: Reply | Lost): string {
  if (said.kind === 'refused') return said.message
  return said.kind === 'lost' ? said.detail : said.kind
}

const retryAfterMs = 1_000
const unavailable = (detail: string): Problem => new Problem('UNAVAILABLE', detail, { retryAfterMs })

const notPlanned = (reason: string): GraphQLError =>
  new GraphQLError('This operation cannot be planned over the subgraphs.', { originalError: new Error(reason) })
