/**
 * Asks each type for what is wanted of it, of a subgraph that knows only their interface (`@interfaceObject`). There a plan asks
 * all objects at a place for whatever any of them is wanted for, and may forget some types altogether.
 */
import type { PlanNode } from '@graphql-hive/router-query-planner'
import type { DocumentNode } from 'graphql'
import { type AskedAt, askedAt } from '../asked-at.ts'
import { compileIntake, type Slot } from '../intake.ts'
import { rewriteIntake } from '../rewrites.ts'
import type { Supergraph } from '../supergraph.ts'
import { type EntityQuestion, type EntityQuestions, isForEntities, onlyQuestion } from './question.ts'
import { type Part, writeParts } from './write-parts.ts'

/** `document`: as the planner got it. */
export function askByType(node: PlanNode, document: DocumentNode, supergraph: Supergraph): PlanNode {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map((each) => askByType(each, document, supergraph)) }
    case 'BatchFetch':
      return divide(node, document, supergraph) ?? node
    case 'Flatten':
      if (node.node.kind !== 'Fetch' || !isForEntities(node.node)) return node
      return divide(onlyQuestion(node.node, node.path), document, supergraph) ?? node
    default:
      return node
  }
}

/** `undefined`: it asks of each type what it should. */
function divide(node: EntityQuestions, document: DocumentNode, supergraph: Supergraph): EntityQuestions | undefined {
  const { entityBatch, serviceName, operation } = node
  const known = entityBatch.aliases.map((question) => interfaceOf(question, serviceName, supergraph))
  if (known.every((name) => name === undefined)) return undefined
  const intake = compileIntake(operation, supergraph.isAbstract)
  const parts = entityBatch.aliases.map((question, at): readonly Part[] => {
    const name = known[at]
    const below = intake.slots.find(({ source }) => source === question.alias)?.child
    if (name === undefined || !below) return [{ question, keys: 'all' }]
    rewriteIntake(below, question.outputRewrites ?? [], supergraph.possibleTypes)
    return question.paths.flatMap((path) => {
      const whole = { ...question, paths: [path] }
      const asked = askedAt(path, document, supergraph)
      return (
        (asked && partsOf({ whole, name, slots: below.slots, asked }, supergraph)) ?? [{ question: whole, keys: 'all' }]
      )
    })
  })
  return parts.flat().every(({ keys }) => keys === 'all') ? undefined : writeParts(node, parts)
}

/** The interface as which a subgraph knows the objects that it is asked for. */
function interfaceOf(
  { inputRewrites = [] }: EntityQuestion,
  subgraph: string,
  { isInterfaceObject }: Supergraph,
): string | undefined {
  return inputRewrites
    .map((rewrite) => ('ValueSetter' in rewrite ? rewrite.ValueSetter.setValueTo : ''))
    .find((name) => isInterfaceObject(name, subgraph))
}

interface Whole {
  readonly whole: EntityQuestion
  readonly name: string
  readonly slots: readonly Slot[]
  readonly asked: AskedAt
}

/** `undefined`: it is right as it is. */
function partsOf({ whole, name, slots, asked }: Whole, { possibleTypes }: Supergraph): readonly Part[] | undefined {
  const branches = whole.requires.filter((each) => each.kind === 'InlineFragment')
  const branchOf = (type: string) => branches.find(({ typeCondition }) => possibleTypes(typeCondition).has(type))
  const types = [...possibleTypes(name)].filter((type) => (type === name ? branchOf(name) : asked.types.includes(type)))
  const fields = slots.filter(({ source }) => source !== '__typename')
  const wanted = new Map(types.map((type) => [type, wantedOf(type, fields, asked)]))
  const byClient = new Set([...wanted.values()].flat())
  const byPlan = fields.map(({ source }) => source).filter((source) => !byClient.has(source))
  const groups = new Map<string, string[]>()
  for (const [type, keys] of wanted)
    if (keys.length > 0 || (branchOf(type) && byPlan.length > 0))
      groups.set(keys.join(), [...(groups.get(keys.join()) ?? []), type])
  const [only] = groups.values()
  if (!only || (groups.size === 1 && only.join() === types.filter(branchOf).join())) return undefined
  return [...groups.values()].map((those) => ({
    question: {
      ...whole,
      of: new Set(those),
      requires: those.flatMap((type) => {
        const branch = branchOf(type) ?? branches[0]
        return branch ? [{ ...branch, typeCondition: type }] : []
      }),
    },
    keys: [...(wanted.get(those[0] ?? '') ?? []), ...byPlan],
  }))
}

function wantedOf(type: string, fields: readonly Slot[], asked: AskedAt): readonly string[] {
  const keys = asked.keysOf(type)
  return fields
    .filter(({ target, onlyFor }) => keys.includes(target) && onlyFor?.has(type) !== false)
    .map(({ source }) => source)
}
