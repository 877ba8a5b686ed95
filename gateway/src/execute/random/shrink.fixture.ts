/** Makes an operation that fails smaller for as long as it still fails, so that a person can read it. */
import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  type SelectionSetNode,
  type VariableNode,
  validate,
  visit,
} from 'graphql'

const triesMax = 400

/** Leaves out one selection, alias or directive at a time. `fails` is asked only about valid documents. */
export async function shrink(
  document: DocumentNode,
  schema: GraphQLSchema,
  fails: (smaller: DocumentNode) => Promise<boolean>,
): Promise<DocumentNode> {
  let smallest = document
  let at = 0
  for (let tries = 0; tries < triesMax; tries++) {
    const smaller = without(smallest, at)
    if (smaller === smallest) break
    const tidied = tidy(smaller)
    if (validate(schema, tidied).length === 0 && (await fails(tidied))) smallest = tidied
    else at++
  }
  return smallest
}

/** Without its part number `at`; the document itself when it has fewer. */
function without(document: DocumentNode, at: number): DocumentNode {
  let part = 0
  const isIt = (): boolean => part++ === at
  return visit(document, {
    Field(node) {
      if (isIt()) return null
      const { alias, ...plain } = node
      return alias && isIt() ? plain : undefined
    },
    InlineFragment: () => (isIt() ? null : undefined),
    FragmentSpread: () => (isIt() ? null : undefined),
    Directive: () => (isIt() ? null : undefined),
  })
}

/** Without selections that are empty, and fragments and variables that nothing uses. */
function tidy(document: DocumentNode): DocumentNode {
  const isEmpty = (set: SelectionSetNode | undefined) => set?.selections.length === 0
  const filled: DocumentNode = visit(document, {
    Field: { leave: ({ selectionSet }) => (isEmpty(selectionSet) ? null : undefined) },
    InlineFragment: { leave: ({ selectionSet }) => (isEmpty(selectionSet) ? null : undefined) },
  })
  const used = new Set<string>()
  visit(filled, {
    FragmentSpread: ({ name }) => void used.add(`...${name.value}`),
    VariableDefinition: ({ directives = [] }) => (directives.length > 0 ? undefined : false),
    Variable: (node: VariableNode) => void used.add(`$${node.name.value}`),
  })
  const definitions = filled.definitions.filter(
    (one) => one.kind !== Kind.FRAGMENT_DEFINITION || used.has(`...${one.name.value}`),
  )
  const tidied: DocumentNode = visit(
    { ...filled, definitions },
    { VariableDefinition: ({ variable }) => (used.has(`$${variable.name.value}`) ? undefined : null) },
  )
  return definitions.length === document.definitions.length ? tidied : tidy(tidied)
}
