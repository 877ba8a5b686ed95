/** Scalars and enum values as they leave: coerced as the GraphQL specification says (3.5, 3.9). */
import { type GraphQLLeafType, isEnumType, specifiedScalarTypes } from 'graphql'

/** Gives the value for the client, or `undefined` when it is none of this type. */
export type LeafCompletion = (value: unknown) => unknown

export function compileLeaf(type: GraphQLLeafType): LeafCompletion {
  if (isEnumType(type)) {
    const values = new Set<unknown>(type.getValues().map(({ name }) => name))
    return (value) => (values.has(value) ? value : undefined)
  }
  const builtIn = specifiedScalarTypes.find(({ name }) => name === type.name)
  if (!builtIn) return passed
  const isPlain = plainKinds[type.name] ?? never
  return (value) => (isPlain(value) ? value : serialized(builtIn, value))
}

/** Custom scalars are between the subgraph and the client. */
const passed: LeafCompletion = (value) => value

const never = (): boolean => false

const plainKinds: Readonly<Record<string, (value: unknown) => boolean>> = {
  ID: (value) => typeof value === 'string',
  String: (value) => typeof value === 'string',
  Boolean: (value) => typeof value === 'boolean',
  Int: (value) => typeof value === 'number' && (value | 0) === value,
  Float: (value) => typeof value === 'number' && Number.isFinite(value),
}

function serialized(type: (typeof specifiedScalarTypes)[number], value: unknown): unknown {
  try {
    return type.serialize(value)
  } catch {
    return undefined
  }
}
