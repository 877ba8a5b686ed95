/** What an operation is called in usage: the same for every text that differs in nothing but what was filled in. */
import { createHash } from 'node:crypto'
import type { UsedOperation } from '@latchkey/principal/key-usage'
import { type DocumentNode, Kind, type OperationDefinitionNode, print, stripIgnoredCharacters, visit } from 'graphql'

const nameLengthMax = 64

/** Needs a document that is valid. Made when a key first uses the operation, and once. */
export function createUsedOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  coordinates: readonly string[],
): () => UsedOperation {
  let made: UsedOperation | undefined
  return () => {
    made ??= usedOperation(document, operation, coordinates)
    return made
  }
}

function usedOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  coordinates: readonly string[],
): UsedOperation {
  const text = stripIgnoredCharacters(print(withoutFillings(alone(document, operation))))
  // What it touches is part of what it is: a schema that has changed makes another operation of the same text.
  const hash = createHash('sha256').update(text).update('\n').update(coordinates.join()).digest('hex').slice(0, 16)
  return { id: `${operation.name?.value.slice(0, nameLengthMax) ?? 'anonymous'}#${hash}`, coordinates }
}

/** The operation without its siblings. */
const alone = (document: DocumentNode, operation: OperationDefinitionNode): DocumentNode => ({
  ...document,
  definitions: document.definitions.filter(
    (definition) => definition.kind === Kind.FRAGMENT_DEFINITION || definition === operation,
  ),
})

/** Values may be anybody's data, and a client that writes them into the text would have an operation for each. */
const withoutFillings = (document: DocumentNode): DocumentNode =>
  visit(document, {
    Field: ({ alias, ...field }) => (alias ? field : undefined),
    IntValue: () => nothing,
    FloatValue: () => nothing,
    StringValue: () => nothing,
    BooleanValue: () => nothing,
    ListValue: () => nothing,
    ObjectValue: () => nothing,
  })

const nothing = { kind: Kind.NULL } as const
