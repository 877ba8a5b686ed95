/** The planner's plan, compiled once into steps that only run. Conditions are decided before: no plan has any. */
import type { FlattenNode, PlanNode } from '@graphql-hive/router-query-planner'
import { GraphQLError } from 'graphql'
import { compileEntityFetch } from './entities/entity-fetch.ts'
import { compileRoute } from './entities/positions.ts'
import { isForEntities, onlyQuestion } from './entities/question.ts'
import { compileRootFetch, type PlanContext } from './fetch.ts'
import type { Step } from './run.ts'

/** @throws GraphQLError for a kind of step that is not supported. */
export function compilePlan(node: PlanNode, context: PlanContext): Step {
  switch (node.kind) {
    case 'Fetch':
      return compileRootFetch(node, [], context)
    case 'BatchFetch':
      return compileEntityFetch(node, context)
    case 'Flatten':
      return compileFlatten(node, context)
    // Of one event: whoever holds the stream runs the plan again for each.
    case 'Subscription':
      return compileRootFetch(node.primary, [], context)
    case 'Sequence':
      return inOrder(node.nodes.map((each) => compilePlan(each, context)))
    case 'Parallel':
      return atOnce(node.nodes.map((each) => compilePlan(each, context)))
    default:
      throw notSupported(node.kind)
  }
}

function compileFlatten({ node, path }: FlattenNode, context: PlanContext): Step {
  if (node.kind !== 'Fetch') throw notSupported(`${node.kind} within a Flatten`)
  return isForEntities(node)
    ? compileEntityFetch(onlyQuestion(node, path), context)
    : compileRootFetch(node, compileRoute(path, context.supergraph.possibleTypes), context)
}

const inOrder = (steps: readonly Step[]): Step => {
  return async (run) => {
    for (let at = 0; at < steps.length; at++) await steps[at]?.(run)
  }
}

const atOnce = (steps: readonly Step[]): Step => {
  return async (run) => {
    await Promise.all(steps.map((step) => step(run)))
  }
}

const notSupported = (kind: string): GraphQLError =>
  new GraphQLError(`This operation needs a plan step that is not supported: ${kind}.`)
