/** The fragments of a document, by name. */
import { type DocumentNode, type FragmentDefinitionNode, Kind } from 'graphql'

export const fragmentsOf = (document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
  new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
  )
