/** How far somebody comes in a schema who may ask only some of its fields. */
import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'

/** Whether a field may be asked of a type, and be given an argument. */
export type MayAsk = (type: string, field: string, argument?: string) => boolean

/** `Type`, `Type.field` and `Type.field(argument:)` of everything that an operation can name. */
export type Reach = ReadonlySet<string>

type Fielded = GraphQLObjectType | GraphQLInterfaceType

/**
 * From the roots, through fields that may be asked and that lead somewhere. A type without such a field is not there, nor is an
 * interface or union without a type behind it; an interface has the fields that every type has that is left behind it.
 */
export function reachOf(schema: GraphQLSchema, mayAsk: MayAsk): Reach {
  const { isThere, fieldsOf } = whatLeadsSomewhere(schema, mayAsk)
  const reach = new Set<string>()
  const visit = (type: GraphQLNamedType): void => {
    if (reach.has(type.name) || !isThere(type)) return
    reach.add(type.name)
    if (isAbstractType(type)) schema.getPossibleTypes(type).forEach(visit)
    if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) visit(getNamedType(field.type))
    if (isFielded(type)) for (const field of fieldsOf(type)) visitField(type, field)
  }
  const visitField = (type: Fielded, { name, type: answer, args }: GraphQLField<unknown, unknown>): void => {
    reach.add(`${type.name}.${name}`)
    visit(getNamedType(answer))
    for (const argument of args.filter((each) => mayAsk(type.name, name, each.name))) {
      reach.add(`${type.name}.${name}(${argument.name}:)`)
      visit(getNamedType(argument.type))
    }
  }
  for (const root of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()])
    if (root) visit(root)
  for (const { args } of schema.getDirectives()) for (const { type } of args) visit(getNamedType(type))
  return reach
}

const isFielded = (type: GraphQLNamedType): type is Fielded =>
  (isObjectType(type) || isInterfaceType(type)) && !isIntrospectionType(type)

/** Those that can be asked without an argument that may not be given. */
const askable = (type: Fielded, mayAsk: MayAsk) =>
  Object.values(type.getFields()).filter(
    ({ name, args }) =>
      mayAsk(type.name, name) && args.every((each) => !isRequiredArgument(each) || mayAsk(type.name, name, each.name)),
  )

function whatLeadsSomewhere(schema: GraphQLSchema, mayAsk: MayAsk) {
  const types = Object.values(schema.getTypeMap()).filter(isFielded)
  const left = new Map(types.map((type) => [type, new Set(askable(type, mayAsk))]))
  const isThere = (type: GraphQLNamedType): boolean => {
    if (isFielded(type) && !left.get(type)?.size) return false
    return !isAbstractType(type) || schema.getPossibleTypes(type).some(isThere)
  }
  const isKept = (type: Fielded, field: GraphQLField<unknown, unknown>): boolean => {
    if (!isThere(getNamedType(field.type))) return false
    if (!isInterfaceType(type)) return true
    const { objects, interfaces } = schema.getImplementations(type)
    return [...objects, ...interfaces].every((each) => !isThere(each) || has(each, field.name))
  }
  const has = (type: Fielded, name: string): boolean => {
    const field = type.getFields()[name]
    return field !== undefined && left.get(type)?.has(field) === true
  }
  // What leads to nothing may have been all that something else led to.
  for (let dropped = 1; dropped > 0; ) {
    dropped = 0
    for (const [type, fields] of left)
      for (const field of fields) if (!isKept(type, field)) dropped += Number(fields.delete(field))
  }
  return { isThere, fieldsOf: (type: Fielded) => left.get(type) ?? [] }
}
