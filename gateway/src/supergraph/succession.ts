/** One graph is served at a time; another takes its place while requests run, and each request keeps the one it began with. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Pipeline } from '../pipeline.ts'
import type { Graph } from './graph.ts'

export interface Succession {
  /** The graph that requests begin with now. */
  readonly current: Graph
  /** Every step of a request is taken over one graph, whatever is served by the time it ends. */
  readonly pipeline: Pipeline
  /** Prepares for the next graph what the current one is asked most; resolves with what puts it in its place. One after the other. */
  prepare(next: Graph): Promise<TakeOver>
}

/** Serves the next graph from now on. Resolves when no request is under way any more that began with the one before. */
export type TakeOver = () => Promise<void>

interface Reign {
  readonly graph: Graph
  readonly pipeline: Pipeline
  underWay: number
  /** Told once it is over and nothing is under way. */
  onDrained: (() => void) | undefined
}

/** Of the operations that the graph before was asked, in the order of how often. */
const preparedMax = 500
/** A graph that was mended is not kept waiting for the rest. */
const preparingMsMax = 5_000

export function createSuccession(first: Graph, pipelineOver: (graph: Graph) => Pipeline): Succession {
  const begin = (graph: Graph): Reign => ({
    ...{ graph, pipeline: pipelineOver(graph), underWay: 0, onDrained: undefined },
  })
  let reign = begin(first)
  const leave = (left: Reign) => {
    left.underWay -= 1
    if (left.underWay === 0) left.onDrained?.()
  }
  return {
    get current() {
      return reign.graph
    },
    async pipeline(request) {
      const mine = reign
      mine.underWay += 1
      try {
        return await mine.pipeline(request)
      } finally {
        leave(mine)
      }
    },
    async prepare(next) {
      await prepareAgain(reign.graph, next)
      return () => {
        const before = reign
        reign = begin(next)
        return drainedOf(before)
      }
    },
  }
}

const drainedOf = (reign: Reign): Promise<void> =>
  new Promise((resolve) => {
    if (reign.underWay === 0) resolve()
    else reign.onDrained = resolve
  })

/** So that nobody waits for it later. Requests are answered in between: preparing one takes about a millisecond. */
async function prepareAgain({ operations }: Graph, next: Graph): Promise<void> {
  const startedMs = performance.now()
  for (const { query, operationName, known } of operations.mostAsked(preparedMax)) {
    if (performance.now() - startedMs > preparingMsMax) return
    await prepareLike({ query, operationName, known }, next)
    await turn()
  }
}

type Asked = ReturnType<Graph['operations']['mostAsked']>[number]

async function prepareLike({ query, operationName, known }: Asked, next: Graph): Promise<void> {
  try {
    await next.operations.prepare(query, operationName).plan.compileLike(known.plan)
  } catch {
    // What the next graph does not answer its clients are told when they ask.
  }
}
