/** Fields that are made of other fields: what a supergraph says by `@requires`. */
import {
  type ConstDirectiveNode,
  type DocumentNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type SelectionSetNode,
  valueFromASTUntyped,
} from 'graphql'

export interface Derivation {
  /** Whose field it is, by the name that composition was given. */
  readonly subgraph: string
  readonly type: string
  readonly field: string
  /** What it is made of, asked of the same object. */
  readonly selection: SelectionSetNode
}

export function derivationsIn(supergraph: DocumentNode): readonly Derivation[] {
  const nameOf = graphNames(supergraph)
  return supergraph.definitions
    .filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION)
    .flatMap((type) => derivationsOf(type, nameOf))
}

const derivationsOf = (
  { name: { value: type }, fields = [] }: ObjectTypeDefinitionNode,
  nameOf: ReadonlyMap<string, string>,
): readonly Derivation[] =>
  fields.flatMap(({ name: { value: field }, directives = [] }) =>
    directives.flatMap((directive): Derivation[] => {
      const { graph, requires } = directive.name.value === 'join__field' ? argumentsOf(directive) : {}
      if (typeof requires !== 'string') return []
      return [{ subgraph: nameOf.get(String(graph)) ?? String(graph), type, field, selection: fieldSet(requires) }]
    }),
  )

const argumentsOf = (directive: ConstDirectiveNode): Record<string, unknown> =>
  Object.fromEntries((directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]))

function fieldSet(text: string): SelectionSetNode {
  const [definition] = parse(`{${text}}`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`Not a field set: ${text}`)
  return definition.selectionSet
}

/** `USERS` is what composition calls `users`. */
function graphNames(supergraph: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const node of supergraph.definitions)
    if (node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph')
      for (const { name, directives = [] } of node.values ?? [])
        for (const directive of directives) names.set(name.value, String(argumentsOf(directive).name))
  return names
}
