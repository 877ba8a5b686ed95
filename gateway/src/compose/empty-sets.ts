/** Scopes and policies that a schema asks for and does not name. */
import { type ConstDirectiveNode, type DocumentNode, GraphQLError, Kind, visit } from 'graphql'

const withSets: Readonly<Record<string, string>> = { requiresScopes: 'scopes', policy: 'policies' }

/**
 * The first use of @requiresScopes or @policy in a subgraph that names no set, which composition drops so that nobody is asked for
 * anything, or a set of nothing, which everybody meets, and where it is. `null`: there is none.
 */
export function emptySets(typeDefs: DocumentNode): GraphQLError | null {
  const names = importedNames(typeDefs)
  let found: GraphQLError | null = null
  visit(typeDefs, {
    Directive(node) {
      const name = names.get(node.name.value) ?? node.name.value.split('__').at(-1) ?? ''
      const sets = node.arguments?.find((argument) => argument.name.value === withSets[name])?.value
      if (sets?.kind !== Kind.LIST) return
      const isEmpty =
        sets.values.length === 0 || sets.values.some((set) => set.kind === Kind.LIST && set.values.length === 0)
      if (isEmpty)
        found ??= new GraphQLError(
          `@${node.name.value} with an empty list asks for nothing: name something, or use @authenticated`,
          { nodes: node },
        )
    },
  })
  return found
}

/** `import: [{ name: "@policy", as: "@says" }]`: what is called `says` there is `policy`. */
function importedNames(typeDefs: DocumentNode): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const textOf = (node: ConstDirectiveNode['arguments'], name: string) => {
    const value = node?.find((each) => each.name.value === name)?.value
    return value?.kind === Kind.STRING ? value.value.replace(/^@/, '') : undefined
  }
  visit(typeDefs, {
    ObjectValue({ fields }) {
      const given = fields as unknown as ConstDirectiveNode['arguments'] // both are names with values
      const [name, as] = [textOf(given, 'name'), textOf(given, 'as')]
      if (name !== undefined && as !== undefined) names.set(as, name)
    },
  })
  return names
}
