/** What the arguments of a field cost: those that carry a weight, and what input objects hold that carries one. */
import {
  type ArgumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  getNullableType,
  isInputObjectType,
  isListType,
  Kind,
  type VariableDefinitionNode,
  valueFromASTUntyped,
  visit,
} from 'graphql'
import type { CostMap } from './cost-map.ts'
import { costMax, type Formula, sumOf, type Values } from './formula.ts'

/** Beyond it a value is not looked into: it costs all there is. */
const levelsMax = 100

type Weights = CostMap['weights']

export interface Place {
  readonly node: FieldNode
  readonly field: GraphQLField<unknown, unknown>
  /** Its coordinates. */
  readonly coordinates: readonly string[]
  readonly variables: readonly VariableDefinitionNode[]
}

export function createArgumentCosts({ weights }: CostMap): (place: Place) => Formula {
  const weighs = createWeighing(weights)

  const ofArgument = ({ value }: ArgumentNode, type: GraphQLInputType, { variables }: Place): Formula => {
    if (!weighs(type)) return 0
    const cost = (sent: Values) => Math.max(0, ofValue(weights, type, valueFromASTUntyped(value, sent), 0))
    if (!hasVariables(value)) return cost({})
    const unsaid = Object.fromEntries(
      variables.flatMap(({ variable, defaultValue }) =>
        defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
      ),
    )
    return (sent) => cost({ ...unsaid, ...sent })
  }

  return (place) =>
    sumOf(
      (place.node.arguments ?? []).flatMap((given) => {
        const name = given.name.value
        const argument = place.field.args.find((each) => each.name === name)
        if (!argument || given.value.kind === Kind.NULL) return []
        const own = Math.max(0, ...place.coordinates.map((each) => weights.get(`${each}(${name}:)`) ?? 0))
        return [own, ofArgument(given, argument.type, place)]
      }),
    )
}

function ofValue(weights: Weights, type: GraphQLInputType, value: unknown, level: number): number {
  if (value === null || value === undefined) return 0
  if (level > levelsMax) return costMax
  const nullable = getNullableType(type)
  if (isListType(nullable)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value]
    return items.reduce((sum: number, item) => sum + ofValue(weights, nullable.ofType, item, level + 1), 0)
  }
  const own = weights.get(nullable.name) ?? 0
  if (!isInputObjectType(nullable) || typeof value !== 'object') return own
  return Object.values(nullable.getFields()).reduce((sum, { name, type: within }) => {
    const inner: unknown = Object.hasOwn(value, name) ? value[name as keyof typeof value] : undefined
    if (inner === undefined || inner === null) return sum
    return sum + (weights.get(`${nullable.name}.${name}`) ?? 0) + ofValue(weights, within, inner, level + 1)
  }, own)
}

/** Whether anything of a type carries a weight, however deep. */
function createWeighing(weights: Weights): (type: GraphQLInputType) => boolean {
  const known = new Map<string, boolean>()
  const within = (type: GraphQLInputType, seen: Set<string>): boolean => {
    const nullable = getNullableType(type)
    if (isListType(nullable)) return within(nullable.ofType, seen)
    if (weights.has(nullable.name)) return true
    if (!isInputObjectType(nullable) || seen.has(nullable.name)) return false
    seen.add(nullable.name)
    return Object.values(nullable.getFields()).some(
      (field) => weights.has(`${nullable.name}.${field.name}`) || within(field.type, seen),
    )
  }
  return (type) => {
    const name = String(type)
    const answer = known.get(name) ?? within(type, new Set())
    known.set(name, answer)
    return answer
  }
}

function hasVariables(value: ArgumentNode['value']): boolean {
  let found = false
  visit(value, {
    Variable() {
      found = true
    },
  })
  return found
}
