/** The process that plans. The planner is native code: what ends it must not end a gateway. See src/execute/planning. */
import { writeFileSync } from 'node:fs'
import { QueryPlanner } from '@graphql-hive/router-query-planner'

// The planner knows progressive overrides: labels that are on, and a percentage. None is on.
const labels = new Set()
const percentage = 0

/** The one that is served, the one that takes its place, and one that is only asked about. */
const graphsMax = 3

/** By the name of the graph; the one that was asked last is last. */
const planners = new Map()

function hold({ graph, supergraphSdl }) {
  const planner = new QueryPlanner(supergraphSdl)
  planners.delete(graph)
  planners.set(graph, planner)
  const [oldest] = planners.keys()
  if (planners.size > graphsMax) planners.delete(oldest)
  return { kind: 'held' }
}

const looksEveryMs = 10

/** Time that others had the processor does not count: on a busy machine no operation is refused for it. */
function watchTime(cpuMsMax) {
  const before = process.cpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    if (user + system > cpuMsMax * 1_000) process.send?.({ kind: 'late' })
  }, looksEveryMs)
  return () => clearInterval(timer)
}

/** Beside the event loop, which must see that the gateway is gone, and how long it takes. */
async function plan({ graph, query, operationName, cpuMsMax }) {
  const planner = planners.get(graph)
  if (!planner) return { kind: 'unknown' }
  planners.delete(graph)
  planners.set(graph, planner)
  const stop = watchTime(cpuMsMax)
  try {
    return { kind: 'planned', plan: await planner.planAsync(query, operationName, labels, percentage) }
  } finally {
    stop()
  }
}

async function answer(question) {
  try {
    return question.kind === 'hold' ? hold(question) : await plan(question)
  } catch (thrown) {
    return { kind: 'refused', message: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/** Where memory runs out, the kernel ends this process rather than the gateway. */
function comeFirst() {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Only Linux knows it.
  }
}

comeFirst()
// Whoever ends the gateway ends this one with it, once nothing is planned any more.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
// A plain exit would wait for what is being planned.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', async (question) => process.send?.(await answer(question)))
process.send?.({ kind: 'ready' })
