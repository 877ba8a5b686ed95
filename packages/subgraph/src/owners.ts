/** What a supergraph says of its coordinates: which subgraphs answer for each, and what is asked of the caller there. */
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  print,
  type TypeDefinitionNode,
  valueFromASTUntyped,
} from 'graphql'
import { parsedSupergraph } from './parsed-supergraph.ts'

export interface Owned {
  /** By the names that composition was given. */
  readonly subgraphs: readonly string[]
  /** As they are written in the supergraph, those of the type first. */
  readonly directives: readonly string[]
}

type Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode

/** Composition's own, and what says nothing of the caller. */
const silent = /^(?:join__|tag$|deprecated$|specifiedBy$|scope$|shareable$)/

/** By `Type` and `Type.field`. */
export function readOwners(supergraphSdl: string): ReadonlyMap<string, Owned> {
  const document = parsedSupergraph(supergraphSdl)
  const names = readNames(document)
  const owners = new Map<string, Owned>()
  const namesOf = (graphs: readonly string[]) => graphs.map((graph) => names.get(graph) ?? graph).sort()
  for (const type of document.definitions.filter(isType))
    owners.set(type.name.value, { subgraphs: namesOf(graphsOfType(type)), directives: spoken(type.directives) })
  for (const type of document.definitions.filter(isComposite))
    for (const field of type.fields ?? [])
      owners.set(`${type.name.value}.${field.name.value}`, {
        subgraphs: namesOf(graphsOf(type, field)),
        directives: [...spoken(type.directives), ...spoken(field.directives)],
      })
  return owners
}

const isType = (node: DocumentNode['definitions'][number]): node is TypeDefinitionNode =>
  node.kind.endsWith('TypeDefinition')

const isComposite = (node: DocumentNode['definitions'][number]): node is Composite =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION

const named = (directives: readonly ConstDirectiveNode[] = [], name: string) =>
  directives.filter((directive) => directive.name.value === name)

const spoken = (directives: readonly ConstDirectiveNode[] = []): string[] =>
  directives.filter(({ name }) => !silent.test(name.value)).map(print)

const argument = (directive: ConstDirectiveNode, name: string): unknown => {
  const value = directive.arguments?.find((each) => each.name.value === name)?.value
  return value && valueFromASTUntyped(value)
}

/** Without a word about the field, every subgraph that has the type answers for it. */
function graphsOf(type: Composite, field: FieldDefinitionNode): string[] {
  const own = named(field.directives, 'join__field').filter((each) => argument(each, 'external') !== true)
  const stated = own.flatMap((each) => argument(each, 'graph') ?? [])
  return stated.length > 0 ? [...new Set(stated.map(String))] : graphsOfType(type)
}

const graphsOfType = ({ directives }: TypeDefinitionNode): string[] => [
  ...new Set(named(directives, 'join__type').map((each) => String(argument(each, 'graph')))),
]

/** `USERS` is what composition calls `users`. */
function readNames(document: DocumentNode): ReadonlyMap<string, string> {
  const graphs = document.definitions.flatMap((node) =>
    node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph' ? (node.values ?? []) : [],
  )
  return new Map(
    graphs.map(({ name, directives }) => {
      const [graph] = named(directives, 'join__graph')
      return [name.value, String((graph && argument(graph, 'name')) ?? name.value)]
    }),
  )
}
