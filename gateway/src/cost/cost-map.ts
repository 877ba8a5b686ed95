/** What a supergraph says things cost: @cost and @listSize of the GraphQL Cost Directives (IBM, 2021), whatever it calls them. */
import { linkedDirective } from '@latchkey/subgraph/linked-directives'
import { parsedSupergraph } from '@latchkey/subgraph/parsed-supergraph'
import {
  type ConstDirectiveNode,
  type ConstValueNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type TypeDefinitionNode,
} from 'graphql'

/** How many things a list is reckoned to hold. */
export interface ListSize {
  /** `null`: not said. */
  readonly assumed: number | null
  /** The arguments that say how many are wanted. */
  readonly slicingArguments: readonly string[]
  /** The lists below the field that are of this size; empty: the field is the list. */
  readonly sizedFields: readonly string[]
  /** Whether exactly one of the slicing arguments has to be given. */
  readonly slicing: 'one' | 'any'
}

export interface CostMap {
  /** By coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Input.field`. */
  readonly weights: ReadonlyMap<string, number>
  /** By `Type.field`. */
  readonly sizes: ReadonlyMap<string, ListSize>
}

interface Weighed {
  readonly directives?: readonly ConstDirectiveNode[] | undefined
}

export function readCostMap(supergraphSdl: string): CostMap {
  const document = parsedSupergraph(supergraphSdl)
  const costName = linkedDirective(document, 'cost', 'cost')
  const sizeName = linkedDirective(document, 'cost', 'listSize')
  const weights = new Map<string, number>()
  const sizes = new Map<string, ListSize>()
  const weigh = (coordinate: string, { directives = [] }: Weighed) => {
    const weight = numberIn(directives.find(({ name }) => name.value === costName)?.arguments, 'weight')
    if (weight !== null) weights.set(coordinate, weight)
  }
  const readField = (coordinate: string, field: FieldDefinitionNode | InputValueDefinitionNode) => {
    weigh(coordinate, field)
    if (field.kind !== Kind.FIELD_DEFINITION) return
    const size = field.directives?.find(({ name }) => name.value === sizeName)
    if (size) sizes.set(coordinate, readSize(size))
    for (const argument of field.arguments ?? []) weigh(`${coordinate}(${argument.name.value}:)`, argument)
  }
  for (const node of document.definitions) {
    if (!node.kind.endsWith('TypeDefinition')) continue
    const type = node as TypeDefinitionNode // the kind says so
    weigh(type.name.value, type)
    for (const field of 'fields' in type ? (type.fields ?? []) : [])
      readField(`${type.name.value}.${field.name.value}`, field)
  }
  return { weights, sizes }
}

type Given = ConstDirectiveNode['arguments']

const readSize = ({ arguments: given }: ConstDirectiveNode): ListSize => ({
  assumed: numberIn(given, 'assumedSize'),
  slicingArguments: textsIn(given, 'slicingArguments'),
  sizedFields: textsIn(given, 'sizedFields'),
  slicing: isFalse(valueIn(given, 'requireOneSlicingArgument')) ? 'any' : 'one',
})

const valueIn = (given: Given, name: string): ConstValueNode | undefined =>
  given?.find((argument) => argument.name.value === name)?.value

const isFalse = (value: ConstValueNode | undefined): boolean => value?.kind === Kind.BOOLEAN && !value.value

/** Whole numbers, as Apollo's version of the spec has them, or texts of numbers, as IBM's. */
function numberIn(given: Given, name: string): number | null {
  const value = valueIn(given, name)
  if (value?.kind !== Kind.INT && value?.kind !== Kind.FLOAT && value?.kind !== Kind.STRING) return null
  const number = Number(value.value)
  return Number.isFinite(number) ? number : null
}

function textsIn(given: Given, name: string): string[] {
  const value = valueIn(given, name)
  const values = value?.kind === Kind.LIST ? value.values : value ? [value] : []
  return values.flatMap((each) => (each.kind === Kind.STRING ? [each.value] : []))
}
