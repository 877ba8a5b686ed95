/** Which scopes each field of a composed graph asks for. */
import { type DirectiveNode, Kind, parse, type TypeNode, valueFromASTUntyped } from 'graphql'

/** Of each member one set must be held whole. */
export type Requirement = readonly (readonly (readonly string[])[])[]

/** By `Type.field`; what is not there asks for none. */
export type ScopeRequirements = ReadonlyMap<string, Requirement>

/** A field asks for what it says itself, and what its type and the type of its answer say. Throws when the text is no supergraph. */
export function scopeRequirementsIn(supergraphSdl: string): ScopeRequirements {
  const { definitions } = parse(supergraphSdl, { noLocation: true })
  const ofType = new Map(
    definitions.flatMap((node) => ('name' in node && node.name ? [[node.name.value, setsOf(node)]] : [])),
  )
  const found = new Map<string, Requirement>()
  for (const node of definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue
    const type = node.name.value
    for (const field of node.fields ?? []) {
      const asked = [setsOf(field), ofType.get(type) ?? [], ofType.get(namedTypeOf(field.type)) ?? []].flat()
      if (asked.length > 0) found.set(`${type}.${field.name.value}`, asked)
    }
  }
  return found
}

interface Annotated {
  readonly directives?: readonly DirectiveNode[] | undefined
}

const setsOf = ({ directives = [] }: Annotated): Requirement =>
  directives.flatMap(({ name, arguments: given = [] }) => {
    const scopes = given.find((argument) => argument.name.value === 'scopes')
    // As the directive is defined: a list of lists of names.
    return name.value === 'requiresScopes' && scopes ? [valueFromASTUntyped(scopes.value) as string[][]] : []
  })

const namedTypeOf = (type: TypeNode): string =>
  type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)
