/** What a subscription subscribes to: its one root field, and the arguments that choose among the events of it. */
import {
  type FieldNode,
  type GraphQLSchema,
  getArgumentValues,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql'
import type { Fragments } from './collect-fields.ts'
import type { Values } from './variables.ts'

export interface Subscribed {
  /** The name of the field, whatever the client calls it. */
  readonly field: string
  /** Needs the coerced variables. */
  readonly argumentsFor: (variables: Values) => Values
}

/** `null`: it is no subscription. Needs a document that is valid: one root field. */
export function subscribedBy(
  operation: OperationDefinitionNode,
  fragments: Fragments,
  schema: GraphQLSchema,
): Subscribed | null {
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) return null
  const node = rootFieldIn(operation.selectionSet, fragments)
  const definition = node && schema.getSubscriptionType()?.getFields()[node.name.value]
  if (!node || !definition) return null
  return { field: definition.name, argumentsFor: (variables) => getArgumentValues(definition, node, variables) }
}

function rootFieldIn({ selections }: SelectionSetNode, fragments: Fragments): FieldNode | null {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) return selection
    const inside = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    const found = inside && rootFieldIn(inside.selectionSet, fragments)
    if (found) return found
  }
  return null
}
