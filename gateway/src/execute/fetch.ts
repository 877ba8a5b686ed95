/** A fetch of the plan, compiled: one question to one subgraph, and what becomes of its answer. */
import type { FetchNode } from '@graphql-hive/router-query-planner'
import { Problem } from '@latchkey/problem'
import type { SubgraphResponse, SubgraphTransport } from '@latchkey/subgraph/transport'
import { collect, locate, type Route } from './entities/positions.ts'
import { type Fault, faultOfError, faultOfRejection, lose, malformed, translate } from './faults.ts'
import { compileIntake, type Intake, take } from './intake.ts'
import type { OnBehalfOf } from './on-behalf.ts'
import { askInWhatIsLeft, changeInWhatIsLeft } from './remaining-time.ts'
import { rewriteIntake } from './rewrites.ts'
import { faultsOf, type Run, type Step } from './run.ts'
import type { Supergraph } from './supergraph.ts'
import { isTree, type Tree } from './tree.ts'

export interface PlanContext {
  readonly supergraph: Supergraph
  readonly transports: Readonly<Record<string, SubgraphTransport>>
  /** For whom a fetch of the plan asks what the client does not. */
  readonly onBehalfOf?: OnBehalfOf
}

export type Variables = Record<string, unknown>

/**
 * Asks the subgraph of one fetch. The operation is one constant string, so that a subgraph can remember it. What comes back is
 * whatever the transport gave; a transport may also throw.
 */
export type Question = (run: Run, variables: Variables) => Promise<unknown>

type Asking = Pick<FetchNode, 'serviceName' | 'operation' | 'operationName' | 'operationKind'>

export function compileQuestion(
  { serviceName, operation, operationName, operationKind }: Asking,
  context: PlanContext,
): Question {
  const transport = transportOf(serviceName, context)
  const onBehalf = context.onBehalfOf?.({ serviceName, operation })
  const isStream = operationKind === 'subscription'
  const isChange = operationKind === 'mutation'
  return (run, variables) => {
    const { principal, requestId, client, signal, asked, event } = run.request
    if (signal?.aborted) throw new Problem('UNAVAILABLE', 'the request was aborted')
    if (asked && !asked.includes(serviceName)) asked.push(serviceName)
    const question = { query: operation, variables, operationName, principal, requestId, client, signal, onBehalf }
    if (run.faults) return (isChange ? changeInWhatIsLeft : askInWhatIsLeft)(run, question, transport)
    return transport(isStream && event ? { ...question, event } : question)
  }
}

export const answerOf = (given: unknown): SubgraphResponse => (isTree(given) ? given : {})

function transportOf(subgraph: string, { transports }: PlanContext): SubgraphTransport {
  const transport = Object.hasOwn(transports, subgraph) ? transports[subgraph] : undefined
  if (!transport) throw new Error(`No transport leads to the subgraph "${subgraph}".`)
  return transport
}

/** Adds the operation's own variables to what is sent: those the fetch uses and the client (or a default) set. */
export function sendVariables(run: Run, usages: readonly string[], to: Variables): Variables {
  for (let at = 0; at < usages.length; at++) {
    const name = usages[at] as string // within bounds
    if (Object.hasOwn(run.variables, name)) to[name] = run.variables[name]
  }
  return to
}

/** A fetch of root fields, into the root of the tree or, for a Query within the answer, where the route leads. */
export function compileRootFetch(node: FetchNode, route: Route, context: PlanContext): Step {
  const question = compileQuestion(node, context)
  const intake = compileIntake(node.operation, context.supergraph.isAbstract)
  rewriteIntake(intake, node.outputRewrites ?? [], context.supergraph.possibleTypes)
  const usages = node.variableUsages ?? []
  return async (run) => {
    const targets: Tree[] = []
    collect(run.tree, route, 0, targets)
    if (targets.length === 0) return
    const loseAll = (fault: Fault) => lose(faultsOf(run), intake, targets, fault)
    let answer: SubgraphResponse
    try {
      answer = answerOf(await question(run, sendVariables(run, usages, {})))
    } catch (thrown) {
      return loseAll(faultOfRejection(thrown))
    }
    if (isTree(answer.data)) for (const target of targets) take(intake, target, answer.data)
    const errors = listOf(answer.errors)
    if (errors.length > 0)
      placeErrors({ run, intake, route, targets, answered: isTree(answer.data), lose: loseAll }, errors)
    else if (!isTree(answer.data)) loseAll(malformed(node.serviceName))
  }
}

interface Placing {
  readonly run: Run
  readonly intake: Intake
  readonly route: Route
  readonly targets: readonly Tree[]
  readonly answered: boolean
  readonly lose: (fault: Fault) => void
}

function placeErrors(
  { run, intake, route, targets, answered, lose: loseAll }: Placing,
  errors: readonly unknown[],
): void {
  const places = [...locate(run.tree, [route], new Set(targets)).values()]
  for (const error of errors) {
    const fault = faultOfError(error)
    const path = translate(intake, pathOf(error))
    if (path.length > 0) {
      for (const place of places) faultsOf(run).located.push({ path: [...place, ...path], fault })
      if (!answered) loseAll({ ...fault, isTold: true })
    } else if (answered) faultsOf(run).general.push(fault)
    else loseAll(fault)
  }
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const pathOf = (error: unknown): readonly unknown[] => listOf(isTree(error) ? error.path : undefined)
