/** What composition lets pass about access, and should not: said with the file and the coordinates, as its own errors are. */
import { type AccessMap, readAccessMap } from '@latchkey/subgraph/access-map'
import { type AccessRequirement, createFieldRequirements } from '@latchkey/subgraph/access-requirements'
import { type DocumentNode, type FieldDefinitionNode, getLocation, Kind, parse, type SelectionSetNode } from 'graphql'
import { implies } from './access-diff.ts'
import { describeRequirement } from './access-words.ts'
import { type Derivation, derivationsIn } from './derivations.ts'

interface LintedSubgraph {
  readonly name: string
  readonly file: string
  readonly typeDefs: DocumentNode
}

interface AccessLint {
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** Of a supergraph that composed. Whether another gateway can enforce what ours cannot is not for composition to say. */
export function lintAccess(supergraphSdl: string, subgraphs: readonly LintedSubgraph[]): AccessLint {
  try {
    return lint(readAccessMap(supergraphSdl), supergraphSdl, subgraphs)
  } catch (thrown) {
    return { errors: [], warnings: [`supergraph: warning: ${thrown instanceof Error ? thrown.message : thrown}`] }
  }
}

function lint(map: AccessMap, supergraphSdl: string, subgraphs: readonly LintedSubgraph[]): AccessLint {
  const requirementOf = createFieldRequirements(map)
  const lent = derivationsIn(parse(supergraphSdl)).flatMap((each) => lendingOf(each, { map, requirementOf }))
  return {
    errors: lent.map(({ derivation: { subgraph, type, field }, coordinate, asked, needed }) => {
      const source = subgraphs.filter(({ name }) => name === subgraph)
      const [have, need] = [describeRequirement(asked), describeRequirement(needed)]
      return `${placeOf(source, type, field)}: ${type}.${field} hands out ${coordinate} (@requires) and asks less than it: ${have}, not ${need}`
    }),
    warnings: unevenInterfaces(map).map(
      ({ name, fields, asked }) =>
        `${placeOf(subgraphs, name)}: warning: behind ${fields} types ask differently: ${asked}`,
    ),
  }
}

interface Reading {
  readonly map: AccessMap
  readonly requirementOf: (type: string, field: string) => AccessRequirement
}

interface Lending {
  readonly derivation: Derivation
  readonly coordinate: string
  readonly asked: AccessRequirement
  readonly needed: AccessRequirement
}

/** The fields that a field is made of, and that ask for more than it does. */
function lendingOf(derivation: Derivation, { map, requirementOf }: Reading): readonly Lending[] {
  const asked = requirementOf(derivation.type, derivation.field)
  const found: Lending[] = []
  const walk = ({ selections }: SelectionSetNode, type: string): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue // field sets have none
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        walk(selection.selectionSet, selection.typeCondition?.name.value ?? type)
        continue
      }
      const name = selection.name.value
      const field = map.types.get(type)?.fields.get(name)
      if (!field) continue // __typename
      const needed = requirementOf(type, name)
      if (!implies(asked, needed)) found.push({ derivation, coordinate: `${type}.${name}`, asked, needed })
      if (selection.selectionSet) walk(selection.selectionSet, field.type)
    }
  }
  walk(derivation.selection, derivation.type)
  return found
}

interface Uneven {
  readonly name: string
  readonly fields: string
  readonly asked: string
}

/** Interfaces of which a field asks differently of the types behind it. */
function unevenInterfaces(map: AccessMap): readonly Uneven[] {
  const requirementOf = createFieldRequirements(map)
  return [...map.types].flatMap(([name, { possible, fields }]) => {
    if (possible.has(name) || fields.size === 0) return []
    const asked = (field: string) =>
      [...possible].map((type) => [type, describeRequirement(requirementOf(type, field))] as const)
    const uneven = [...fields.keys()].filter((field) => new Set(asked(field).map(([, words]) => words)).size > 1)
    const [first] = uneven
    if (first === undefined) return []
    const words = asked(first).map(([type, text]) => `${type} ${text}`)
    return [{ name, fields: uneven.map((field) => `${name}.${field}`).join(', '), asked: words.join(', ') }]
  })
}

/** `file:line:column` of the type, or of its field, where a subgraph defines it. */
function placeOf(subgraphs: readonly LintedSubgraph[], type: string, field?: string): string {
  for (const { file, typeDefs } of subgraphs)
    for (const node of typeDefs.definitions) {
      if (!('name' in node) || node.name?.value !== type || !('fields' in node)) continue
      const fields = (node.fields ?? []) as readonly FieldDefinitionNode[] // of an object or an interface
      const found = field === undefined ? node : fields.find(({ name }) => name.value === field)
      if (!found?.loc) continue
      const { line, column } = getLocation(
        found.loc.source,
        ('name' in found && found.name?.loc?.start) || found.loc.start,
      )
      return `${file}:${line}:${column}`
    }
  return subgraphs.map(({ file }) => file).join(', ') || 'supergraph'
}
