/** One run of a prepared operation: what belongs to it while subgraphs are asked. */
import type { Principal } from '@latchkey/principal'
import type { Client, StreamEvent } from '@latchkey/subgraph/transport'
import type { GraphQLSchema } from 'graphql'
import type { Withheld } from '../withheld.ts'
import { type Faults, noFaults } from './faults.ts'
import type { Tree } from './tree.ts'
import type { Watch } from './watched.ts'

export interface RunRequest {
  /** As the client sent them. */
  readonly variables: Record<string, unknown>
  readonly principal: Principal
  /** One id from the edge to the last subgraph. */
  readonly requestId: string
  /** Where the request came from; subgraphs are told. */
  readonly client?: Client | undefined
  /** Aborted: no subgraph is asked any more. */
  readonly signal?: AbortSignal | undefined
  /** Told of every object of a watched type; what is withheld of them is withheld from this answer. */
  readonly watch?: Watch | undefined
  /** What the caller is not given; nothing unless said. */
  readonly withheld?: Withheld | undefined
  /** The schema that introspection answers with, drawn when it is asked for; the engine's own unless given. */
  readonly view?: (() => GraphQLSchema) | undefined
  /** Takes the names of the subgraphs that are asked, each once. */
  readonly asked?: string[] | undefined
  /** Of a subscription: what its root field is told. A stream that begins has none. */
  readonly event?: StreamEvent | undefined
}

export interface Run {
  readonly request: RunRequest
  /** Coerced, defaults applied. */
  readonly variables: Readonly<Record<string, unknown>>
  readonly tree: Tree
  readonly startedMs: number
  faults: Faults | undefined
  /** Until when subgraphs are waited for, once one of them could not answer. */
  untilMs: number | undefined
}

export const startRun = (request: RunRequest, variables: Readonly<Record<string, unknown>>): Run => ({
  request,
  variables,
  tree: {},
  startedMs: performance.now(),
  faults: undefined,
  untilMs: undefined,
})

export function faultsOf(run: Run): Faults {
  run.faults ??= noFaults()
  return run.faults
}

/** One compiled step of a plan. It never rejects: what fails is in the run's faults. */
export type Step = (run: Run) => Promise<void>
