/** A mutation, one document per root field: each is done, whatever it asks of other subgraphs included, before the next (6.2.2). */
import { type DocumentNode, type GraphQLObjectType, Kind, type OperationDefinitionNode } from 'graphql'
import { type Collecting, collectFields } from './collect-fields.ts'

/** `document`: as the planner gets it. A plan for all of it would do the changes first and complete their answers after. */
export function serialDocuments(
  document: DocumentNode,
  rootType: GraphQLObjectType,
  collecting: Collecting,
): readonly DocumentNode[] {
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)
  if (operation?.operation !== 'mutation') return [document]
  const fields = [...collectFields([operation.selectionSet], rootType, collecting).values()].filter(
    ([first]) => first?.name.value !== '__typename',
  )
  if (fields.length < 2) return [document]
  return fields.map((selections) => {
    const only: OperationDefinitionNode = { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } }
    return { ...document, definitions: document.definitions.map((each) => (each === operation ? only : each)) }
  })
}
