/** Ways through a schema to a field, and how a field is asked at the end of one. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

export type Step =
  | { readonly kind: 'field'; readonly type: string; readonly field: GraphQLField<unknown, unknown> }
  /** A fragment on one of the types that may stand there. */
  | { readonly kind: 'on'; readonly type: string }

/** From a root, or from an entity that is asked by its key. */
export interface Way {
  readonly root: 'query' | 'mutation' | 'subscription' | 'entity'
  readonly steps: readonly Step[]
}

export const coordinateOf = ({ type, field }: Extract<Step, { kind: 'field' }>): string => `${type}.${field.name}`

/** Federation's own, open in every subgraph: what they lead to is a coordinate itself. */
const federation = new Set(['Query._service', 'Query._entities', '_Service.sdl'])

/** What can be asked next. */
export function stepsFrom(schema: GraphQLSchema, type: GraphQLNamedType): readonly Step[] {
  const fields: Step[] =
    isObjectType(type) || isInterfaceType(type)
      ? Object.values(type.getFields())
          .map((field) => ({ kind: 'field', type: type.name, field }) as const)
          .filter((step) => !federation.has(coordinateOf(step)))
      : []
  const within = isAbstractType(type) ? schema.getPossibleTypes(type) : []
  return [...fields, ...within.map(({ name }): Step => ({ kind: 'on', type: name }))]
}

export const typeAfter = (step: Step): string => (step.kind === 'on' ? step.type : getNamedType(step.field.type).name)

/** Whether it cannot be asked without an argument. */
export const asksForMore = (step: Step): boolean => step.kind === 'field' && step.field.args.some(isRequiredArgument)

/** The operation that goes the way. It changes nothing that matters: it names what does not exist, and gives what no field accepts. */
export function operationOf({ root, steps }: Way): string {
  const last = steps.at(-1)
  const leaf = last?.kind === 'field' && !isCompositeType(getNamedType(last.field.type)) ? '' : ' { __typename }'
  const text = steps.reduceRight((inside, step) => {
    if (step.kind === 'on') return ` { ... on ${step.type}${inside} }`
    return ` { ${step.field.name}${argumentsOf(step.field.args)}${inside} }`
  }, leaf)
  if (root !== 'entity') return `${root}${text}`
  return `query ($of: [_Any!]!) { _entities(representations: $of)${text} }`
}

function argumentsOf(args: readonly GraphQLArgument[]): string {
  const given = args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${literalOf(type)}`)
  return given.length > 0 ? `(${given.join(', ')})` : ''
}

const scalars: Readonly<Record<string, string>> = {
  ID: '"unknown"',
  Int: '1',
  Float: '1',
  Boolean: 'false',
  DateTime: '"2001-01-01T00:00:00.000Z"',
  JSON: '{}',
}

function literalOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(type.ofType)
  if (isListType(type)) return `[${literalOf(type.ofType)}]`
  if (isEnumType(type)) return type.getValues()[0]?.name ?? 'null'
  if (!isInputObjectType(type)) return scalars[type.name] ?? '"x"'
  const fields = Object.values(type.getFields())
  const given = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField)
  return `{ ${given.map(({ name, type: inner }) => `${name}: ${literalOf(inner)}`).join(', ')} }`
}

/** Every field that an operation can ask, those of interfaces too, in the order of the alphabet. */
export const coordinatesOf = (schema: GraphQLSchema): readonly string[] =>
  Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => stepsFrom(schema, type))
    .flatMap((step) => (step.kind === 'field' ? [coordinateOf(step)] : []))
    .sort()
