/** Fields of a schema by their coordinates, and what is near a coordinate that it does not have. */
import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
} from 'graphql'
import { suggestionList } from 'graphql/jsutils/suggestionList.js'
import { type AccessRule, argumentOf, fieldOf } from './rule.ts'

export type Field = GraphQLField<unknown, unknown>
type TypeOfFields = GraphQLObjectType | GraphQLInterfaceType

const introspection: readonly Field[] = [SchemaMetaFieldDef, TypeMetaFieldDef]

/** `null` when it is no type that has fields of its own. */
export function typeIn(schema: GraphQLSchema, name: string): TypeOfFields | null {
  const type = name.startsWith('__') ? undefined : schema.getType(name)
  return isObjectType(type) || isInterfaceType(type) ? type : null
}

/** `Query.__schema` and `Query.__type` are fields, though no wildcard means them. */
export function fieldIn(schema: GraphQLSchema, typeName: string, name: string): Field | null {
  const type = typeIn(schema, typeName)
  if (!type) return null
  const meta = type === schema.getQueryType() ? introspection.find((field) => field.name === name) : undefined
  return meta ?? (Object.hasOwn(type.getFields(), name) ? (type.getFields()[name] ?? null) : null)
}

/** The names of the types that may stand where an interface does; none for an object type. */
export function standingFor(schema: GraphQLSchema, typeName: string): readonly string[] {
  const type = typeIn(schema, typeName)
  return isInterfaceType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : []
}

export const fieldsOf = (schema: GraphQLSchema, typeName: string): readonly Field[] =>
  Object.values(typeIn(schema, typeName)?.getFields() ?? {})

/** The coordinate that the schema does not have, of those that a rule names; `null` when it has all of them. */
export function missingIn(schema: GraphQLSchema, rule: AccessRule): string | null {
  if (rule.kind === 'type') return typeIn(schema, rule.type) ? null : `${rule.type}.*`
  const field = fieldIn(schema, rule.type, rule.field)
  if (!field) return fieldOf(rule)
  if (rule.kind !== 'argument' && rule.kind !== 'value') return null
  return field.args.some(({ name }) => name === rule.argument) ? null : argumentOf(rule)
}

const nearMax = 3

/** What the schema has that is written almost like the rule: at most three. */
export function nearIn(schema: GraphQLSchema, rule: AccessRule): readonly string[] {
  const type = typeIn(schema, rule.type)
  if (!type) return nearest(rule.type, typeNames(schema)).map((name) => suffixed(name, rule))
  if (rule.kind === 'type') return []
  const { type: typeName } = rule
  const names = fieldsOf(schema, typeName).map(({ name }) => name)
  const field = fieldIn(schema, typeName, rule.field)
  if (!field) return nearest(rule.field, names).map((name) => `${typeName}.${name}`)
  if (rule.kind !== 'argument' && rule.kind !== 'value') return []
  const known = field.args.map(({ name }) => name)
  return nearest(rule.argument, known).map((argument) => argumentOf({ ...rule, argument }))
}

const nearest = (name: string, known: readonly string[]): readonly string[] =>
  suggestionList(name, known).slice(0, nearMax)

const typeNames = (schema: GraphQLSchema): readonly string[] =>
  Object.keys(schema.getTypeMap()).filter((name) => typeIn(schema, name))

const suffixed = (type: string, rule: AccessRule): string =>
  rule.kind === 'type' ? `${type}.*` : `${type}.${rule.field}`
