/** What is secret in a schema: what `@sensitive` marks, and what has a name that would have to be marked. */
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type NamedTypeNode,
  type TypeNode,
} from 'graphql'

const directive = 'sensitive'

/** Names that say of a text that whoever reads it can be somebody, or do something, that they should not. */
const tellingName = /(password|passwordhash|token|secret|secretmac|totp|code|recoverycodes)$/i
/** A text, and no choice among values that are written in the schema. */
const textTypes: readonly string[] = ['String', 'ID']

/** An argument, an input field or a field, by its coordinate: `SignInInput.password`, `Mutation.checkSignInLink(token:)`. */
interface Place {
  readonly coordinate: string
  readonly name: string
  readonly type: string
  readonly state: 'marked' | 'unmarked'
}

const typeNameOf = (type: TypeNode): string => {
  let named: TypeNode = type
  while (named.kind !== Kind.NAMED_TYPE) named = named.type
  return (named satisfies NamedTypeNode).name.value
}

interface Defined {
  readonly name: { readonly value: string }
  readonly type: TypeNode
  readonly directives?: readonly ConstDirectiveNode[] | undefined
}

const placeOf = (coordinate: string, { name, type, directives = [] }: Defined): Place => ({
  coordinate,
  name: name.value,
  type: typeNameOf(type),
  state: directives.some((one) => one.name.value === directive) ? 'marked' : 'unmarked',
})

const placesOfField = (type: string, field: FieldDefinitionNode): readonly Place[] => [
  placeOf(`${type}.${field.name.value}`, field),
  ...(field.arguments ?? []).map((argument) =>
    placeOf(`${type}.${field.name.value}(${argument.name.value}:)`, argument),
  ),
]

const placesOfInput = (type: string, field: InputValueDefinitionNode): Place =>
  placeOf(`${type}.${field.name.value}`, field)

function placesIn({ definitions }: DocumentNode): readonly Place[] {
  return definitions.flatMap((definition) => {
    switch (definition.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.OBJECT_TYPE_EXTENSION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        return (definition.fields ?? []).flatMap((field) => placesOfField(definition.name.value, field))
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      case Kind.INPUT_OBJECT_TYPE_EXTENSION:
        return (definition.fields ?? []).map((field) => placesOfInput(definition.name.value, field))
      default:
        return []
    }
  })
}

/** The coordinates that are marked. */
export const sensitivePlaces = (typeDefs: DocumentNode): readonly string[] =>
  placesIn(typeDefs).flatMap(({ coordinate, state }) => (state === 'marked' ? [coordinate] : []))

/** The coordinates that are not marked, and have the name and the type of a secret. */
export const unmarkedSecrets = (typeDefs: DocumentNode): readonly string[] =>
  placesIn(typeDefs).flatMap(({ coordinate, name, type, state }) =>
    state === 'unmarked' && textTypes.includes(type) && tellingName.test(name) ? [coordinate] : [],
  )
