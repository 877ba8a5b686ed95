/** The operation as the planner gets it: conditions decided, no introspection, no alias that reads like another field. */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { type Conditions, type Fragments, isCondition, isIncluded } from './collect-fields.ts'
import { isIntrospection } from './introspect.ts'

export const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

export interface PlannerDocumentOptions {
  readonly operation: OperationDefinitionNode
  readonly fragments: Fragments
  readonly conditions: Conditions
  /** Under which key the answer of a field is wanted. */
  readonly treeKey: (field: FieldNode) => string
  /** Whether every object's type must be known, asked for or not. */
  readonly typesMatter: boolean
}

/** `undefined` when nothing is left that a subgraph would have to be asked for. */
export function plannerDocument(options: PlannerDocumentOptions): DocumentNode | undefined {
  const simplified = simplify(options.operation, options)
  const used = new Map<string, FragmentDefinitionNode>()
  const gather = (node: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(node, {
      FragmentSpread({ name: { value } }) {
        const fragment = used.has(value) ? undefined : options.fragments.get(value)
        if (!fragment) return
        const simple = simplify(fragment, options)
        used.set(value, simple)
        gather(simple)
      },
    })
  }
  gather(simplified)
  if (isAnsweredHere(simplified.selectionSet, used)) return undefined
  return { kind: Kind.DOCUMENT, definitions: [simplified, ...used.values()] }
}

function simplify<T extends OperationDefinitionNode | FragmentDefinitionNode>(
  definition: T,
  { conditions, treeKey, typesMatter }: PlannerDocumentOptions,
): T {
  const decide = (node: FieldNode | InlineFragmentNode | FragmentSpreadNode) =>
    isIncluded(node.directives ?? [], conditions) ? undefined : null
  return visit(definition, {
    Field: { enter: decide, leave: (node) => anchor(rename(node, treeKey), typesMatter) },
    InlineFragment: { enter: decide },
    FragmentSpread: { enter: decide },
    Directive: (node: DirectiveNode) => (isCondition(node) ? null : undefined),
    SelectionSet: {
      leave: (node: SelectionSetNode) =>
        node.selections.length === 0 ? { ...node, selections: [typename] } : undefined,
    },
  })
}

function rename(node: FieldNode, treeKey: (field: FieldNode) => string): FieldNode {
  const name = node.name.value
  if (name === '__typename' || isIntrospection(name)) return typename
  const key = treeKey(node)
  const { alias: _, ...plain } = node
  return key === name ? plain : { ...plain, alias: { kind: Kind.NAME, value: key } }
}

/** Fragments alone may all turn out not to apply, and the planner would leave the field out: then its type is asked too. */
function anchor(node: FieldNode, typesMatter: boolean): FieldNode {
  const { selectionSet } = node
  if (!selectionSet) return node
  if (!typesMatter && selectionSet.selections.some(({ kind }) => kind === Kind.FIELD)) return node
  return { ...node, selectionSet: { ...selectionSet, selections: [typename, ...selectionSet.selections] } }
}

/** True when the root asks for nothing but its type and introspection. */
function isAnsweredHere(set: SelectionSetNode, fragments: Fragments): boolean {
  return set.selections.every((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__typename'
    const below = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    return !below || isAnsweredHere(below.selectionSet, fragments)
  })
}
