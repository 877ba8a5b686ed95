/** Which fields a selection set asks of one object type, with every condition known (GraphQL specification 6.3.2). */
import {
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  isAbstractType,
  isUnionType,
  Kind,
  type NamedTypeNode,
  type SelectionSetNode,
  visit,
} from 'graphql'

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>
/** Whether a variable that a @skip or @include names is true. */
export type Conditions = (variable: string) => boolean

export const fragmentsOf = (document: DocumentNode): Fragments => {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  return fragments
}

/** The variables on which fields of this document depend. */
export function conditionVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    Directive(node) {
      const value = isCondition(node) ? node.arguments?.[0]?.value : undefined
      if (value?.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names].sort()
}

export const isCondition = ({ name: { value } }: DirectiveNode): boolean => value === 'skip' || value === 'include'

export interface Collecting {
  readonly schema: GraphQLSchema
  readonly fragments: Fragments
  readonly conditions: Conditions
}

/** By response key, in the order of the answer. */
export function collectFields(
  sets: readonly SelectionSetNode[],
  type: GraphQLCompositeType,
  { schema, fragments, conditions }: Collecting,
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  const walk = (set: SelectionSetNode): void => {
    for (const selection of set.selections) {
      if (!isIncluded(selection.directives ?? [], conditions)) continue
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value
        const nodes = fields.get(key)
        if (nodes) nodes.push(selection)
        else fields.set(key, [selection])
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (matches(selection.typeCondition, type, schema)) walk(selection.selectionSet)
      } else if (!visited.has(selection.name.value)) {
        visited.add(selection.name.value)
        const fragment = fragments.get(selection.name.value)
        if (fragment && matches(fragment.typeCondition, type, schema)) walk(fragment.selectionSet)
      }
    }
  }
  sets.forEach(walk)
  return fields
}

export function isIncluded(directives: readonly DirectiveNode[], conditions: Conditions): boolean {
  return directives.every((directive) => {
    if (!isCondition(directive)) return true
    const value = directive.arguments?.[0]?.value
    const holds = value?.kind === Kind.VARIABLE ? conditions(value.name.value) : isTrue(value)
    return directive.name.value === 'include' ? holds : !holds
  })
}

const isTrue = (value: { kind: string; value?: unknown } | undefined): boolean =>
  value?.kind === Kind.BOOLEAN && value.value === true

/** `type` is abstract only where no subgraph was asked for the object's own type: then it does not matter. */
function matches(condition: NamedTypeNode | undefined, type: GraphQLCompositeType, schema: GraphQLSchema): boolean {
  if (!condition || condition.name.value === type.name) return true
  const wanted = schema.getType(condition.name.value)
  return isAbstractType(wanted) && !isUnionType(type) && schema.isSubType(wanted, type)
}
