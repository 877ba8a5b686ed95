/** Types that whoever runs an operation wants to see, whatever the client called the way to them, and may keep texts of. */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type SelectionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Tree } from './tree.ts'

export interface WatchedType {
  /** Fields that a subgraph is asked for though the client did not ask: without arguments, and leaves. */
  readonly asks: readonly string[]
  /** Fields that the client reads as an empty text. */
  readonly withholds: readonly string[]
}

/** By the name of an object type; one that the schema does not have is never seen. */
export type WatchedTypes = Readonly<Record<string, WatchedType>>

/** An object of a watched type in the answer. */
export interface Sighting {
  readonly type: string
  /** The field that leads to it, as in `Mutation.signIn`. */
  readonly field: string
  /** By the names of its fields, those that are asked for among them. */
  readonly values: Tree
}

export type Watch = (sighting: Sighting) => void

/** The document with what is asked besides, at every field that can answer a watched type. */
export function askForWatched(document: DocumentNode, schema: GraphQLSchema, watched: WatchedTypes): DocumentNode {
  const typeInfo = new TypeInfo(schema)
  return visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field: {
        leave({ selectionSet, ...node }) {
          const type = getNamedType(typeInfo.getType())
          if (!selectionSet || !isCompositeType(type)) return undefined
          const besides = askedBesides(type, schema, watched)
          if (besides.length === 0) return undefined
          return { ...node, selectionSet: { ...selectionSet, selections: [...selectionSet.selections, ...besides] } }
        },
      },
    }),
  )
}

function askedBesides(type: GraphQLCompositeType, schema: GraphQLSchema, watched: WatchedTypes): SelectionNode[] {
  if (isObjectType(type)) return fieldsOf(watched[type.name])
  if (!isAbstractType(type)) return []
  return schema.getPossibleTypes(type).flatMap(({ name }) => {
    const selections = fieldsOf(watched[name])
    const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } } as const
    const selectionSet = { kind: Kind.SELECTION_SET, selections } as const
    return selections.length > 0 ? [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }] : []
  })
}

const fieldsOf = (type: WatchedType | undefined): FieldNode[] =>
  (type?.asks ?? []).map((name) => ({ kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } }))
