/** Which objects may stand where a type is named. */
import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql'

export type ObjectTypes = readonly GraphQLObjectType[]

export function objectTypesOf(type: GraphQLNamedType | null | undefined, schema: GraphQLSchema): ObjectTypes {
  if (isObjectType(type)) return [type]
  return isAbstractType(type) ? schema.getPossibleTypes(type) : []
}

/** Those that a field of that name leads to, of any of these. */
export const objectTypesBelow = (types: ObjectTypes, field: string, schema: GraphQLSchema): ObjectTypes => [
  ...new Set(
    types.flatMap((type) => {
      const definition = type.getFields()[field]
      return definition ? objectTypesOf(getNamedType(definition.type), schema) : []
    }),
  ),
]
