/** How many things a list is reckoned to hold: by the argument that says how many are wanted, else by what the schema assumes. */
import { type FieldNode, type GraphQLField, Kind, type VariableDefinitionNode, valueFromASTUntyped } from 'graphql'
import type { ListSize } from './cost-map.ts'
import { type Formula, largestOf, type Values } from './formula.ts'

export interface Slicing {
  readonly node: FieldNode
  readonly field: GraphQLField<unknown, unknown>
  readonly size: ListSize
  readonly variables: readonly VariableDefinitionNode[]
  /** Of a list of which nothing is said. */
  readonly usualSize: number
}

/**
 * The largest of the sizes that are asked for. What is no size (`null`, less than nothing, a text) asks for as many as the schema
 * assumes: whatever the subgraph makes of it, it is not made cheaper by it. Asking for none counts as asking for one.
 */
export function sizeOf(slicing: Slicing): Formula {
  const { size, usualSize } = slicing
  const assumed = Math.max(1, size.assumed ?? usualSize)
  const asked = size.slicingArguments.map((name) => askedBy(name, slicing))
  const known = asked.filter((each) => typeof each === 'number')
  const open = asked.filter((each) => typeof each === 'function')
  if (open.length === 0) return known.length === 0 ? assumed : Math.max(...known)
  return largestOf([...known, ...open.map((read) => (given: Values) => sizeIn(read(given)) ?? assumed)])
}

/** How a field goes against what the schema asks of its slicing arguments; `null`: it does not. */
export function slicingFault({ node, field, size }: Omit<Slicing, 'variables' | 'usualSize'>): string | null {
  if (size.slicing === 'any' || size.slicingArguments.length === 0) return null
  const given = size.slicingArguments.filter((name) => isGiven(name, node, field))
  if (given.length === 1) return null
  return `${field.name} takes exactly one of ${size.slicingArguments.join(', ')}`
}

function isGiven(name: string, { arguments: given = [] }: FieldNode, field: GraphQLField<unknown, unknown>): boolean {
  const node = given.find((argument) => argument.name.value === name)
  if (node) return node.value.kind !== Kind.NULL
  const otherwise = field.args.find((argument) => argument.name === name)?.defaultValue
  return otherwise !== undefined && otherwise !== null
}

const sizeIn = (value: unknown): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? Math.max(1, value) : null

/** The size that is in the text or the schema, `null` for none; or what reads from the variables what they make of it. */
function askedBy(name: string, { node, field, variables }: Slicing): number | null | ((given: Values) => unknown) {
  const written = node.arguments?.find((argument) => argument.name.value === name)?.value
  const otherwise = field.args.find((argument) => argument.name === name)?.defaultValue
  if (!written) return sizeIn(otherwise)
  if (written.kind !== Kind.VARIABLE) return sizeIn(valueFromASTUntyped(written))
  const variable = written.name.value
  const definition = variables.find((each) => each.variable.name.value === variable)
  const unsaid = definition?.defaultValue ? valueFromASTUntyped(definition.defaultValue) : otherwise
  return (given) => (Object.hasOwn(given, variable) ? given[variable] : unsaid)
}
