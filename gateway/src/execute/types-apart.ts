/** Tells apart what objects of different types are asked under one key, where plans would ask all of them for everything. */
import { Problem } from '@latchkey/problem'
import {
  type FieldNode,
  type GraphQLObjectType,
  type InlineFragmentNode,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { countFields } from '../document-weight.ts'
import { type Collecting, collectFields, isIncluded } from './collect-fields.ts'
import { isIntrospection } from './introspect.ts'
import { type ObjectTypes, objectTypesBelow, objectTypesOf } from './object-types.ts'

/** What objects of some types are asked under one key. */
interface Asked {
  readonly nodes: readonly FieldNode[]
  /** The first needs no key of its own. */
  readonly number: number
  readonly below: Standing
}

/** Where selections stand: the objects that may be there, and by type and key what they are asked. */
interface Standing {
  readonly types: ObjectTypes
  readonly asked: ReadonlyMap<string, ReadonlyMap<string, Asked>>
}

/** Fields that are looked at or written more than once, for as many types, and again within them. */
const copiesMax = 10_000

/** The key of a field at its place: that of the field, or one of its own beside it. */
export const keyAtPlace = (node: FieldNode, key: string): string =>
  'number' in node ? `_type_${node.number}_${key}` : key

/**
 * The operation as it stands where nothing has to be told apart. Elsewhere fields that an interface is asked are asked of each type,
 * under keys that `keyAtPlace` knows; conditions are decided, and fragments written out where they are spread.
 * A planner asks an entity that two types lead to in one fetch, for what either wants of it: one must not fail for the other's sake.
 * @throws Problem OPERATION_TOO_COSTLY when that makes too many fields of it
 */
export function typesApart(operation: OperationDefinitionNode, collecting: Collecting): OperationDefinitionNode {
  const { schema, fragments, conditions } = collecting
  const texts = new Map<FieldNode, string>()
  let isApart = false
  let budget = 2 * countFields(operation.selectionSet, fragments) + copiesMax
  const spend = () => {
    budget -= 1
    if (budget < 0) throw tooCostly()
  }

  const textOf = (node: FieldNode): string => {
    const text = texts.get(node) ?? print(node)
    texts.set(node, text)
    return text
  }

  const isSame = (nodes: readonly FieldNode[], others: readonly FieldNode[]): boolean =>
    nodes.length === others.length &&
    nodes.every((node, at) => {
      const other = others[at]
      return node === other || (other !== undefined && textOf(node) === textOf(other))
    })

  function standing(sets: readonly SelectionSetNode[], types: ObjectTypes): Standing {
    spend()
    const byKey = new Map<string, { readonly nodes: readonly FieldNode[]; readonly types: GraphQLObjectType[] }[]>()
    for (const type of types)
      for (const [key, nodes] of collectFields(sets, type, collecting)) {
        if (!isBranch(nodes[0])) continue
        const known = byKey.get(key) ?? []
        const same = known.find((one) => isSame(one.nodes, nodes))
        if (same) same.types.push(type)
        else byKey.set(key, [...known, { nodes, types: [type] }])
      }
    const asked = new Map(types.map(({ name }) => [name, new Map<string, Asked>()]))
    for (const [key, groups] of byKey) {
      if (groups.length > 1) isApart = true
      for (const [number, { nodes, types: ofTypes }] of groups.entries()) {
        const one = { nodes, number, below: standingBelow(nodes, ofTypes) }
        for (const { name } of ofTypes) asked.get(name)?.set(key, one)
      }
    }
    return { types, asked }
  }

  function standingBelow(nodes: readonly FieldNode[], types: ObjectTypes): Standing {
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
    const [first] = nodes
    return standing(sets, first ? objectTypesBelow(types, first.name.value, schema) : [])
  }

  function write(set: SelectionSetNode, at: Standing): SelectionSetNode {
    return { ...set, selections: set.selections.flatMap((selection) => writeSelection(selection, at)) }
  }

  function writeSelection(selection: SelectionNode, at: Standing): readonly SelectionNode[] {
    const { directives = [] } = selection
    if (!isIncluded(directives, conditions)) return []
    if (selection.kind === Kind.FIELD) return isBranch(selection) ? writeField(selection, at) : [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return writeWithin(selection, at)
    const fragment = fragments.get(selection.name.value)
    if (!fragment) return []
    const { typeCondition, selectionSet } = fragment
    return writeWithin({ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }, at)
  }

  function writeWithin(fragment: InlineFragmentNode, at: Standing): readonly SelectionNode[] {
    const { typeCondition, selectionSet } = fragment
    const wanted = typeCondition && objectTypesOf(schema.getType(typeCondition.name.value), schema)
    const types = wanted ? at.types.filter((type) => wanted.includes(type)) : at.types
    return types.length === 0 ? [] : [{ ...fragment, selectionSet: write(selectionSet, { ...at, types }) }]
  }

  function writeField(node: FieldNode, { types, asked }: Standing): readonly SelectionNode[] {
    const key = node.alias?.value ?? node.name.value
    const groups = new Map<Asked, GraphQLObjectType[]>()
    for (const type of types) {
      const one = asked.get(type.name)?.get(key)
      if (one) groups.set(one, [...(groups.get(one) ?? []), type])
    }
    if (groups.size === 1) return [...groups].map(([one, those]) => writeAs(one, node, those))
    return [...groups].flatMap(([one, those]) => those.map((type) => onType(type, writeAs(one, node, [type]))))
  }

  function writeAs({ number, below }: Asked, node: FieldNode, types: ObjectTypes): FieldNode {
    spend()
    const { selectionSet } = node
    const within = { ...below, types: objectTypesBelow(types, node.name.value, schema) }
    const written = selectionSet ? { ...node, selectionSet: write(selectionSet, within) } : node
    return number === 0 ? written : withNumber(written, number)
  }

  const root = standing([operation.selectionSet], objectTypesOf(schema.getRootType(operation.operation), schema))
  return isApart ? { ...operation, selectionSet: write(operation.selectionSet, root) } : operation
}

const isBranch = (node: FieldNode | undefined): boolean =>
  node?.selectionSet !== undefined && !isIntrospection(node.name.value)

const withNumber = (node: FieldNode, number: number): FieldNode => Object.assign({ ...node }, { number })

const onType = ({ name }: GraphQLObjectType, field: FieldNode): InlineFragmentNode => ({
  kind: Kind.INLINE_FRAGMENT,
  typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } },
  selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
})

const tooCostly = (): Problem =>
  new Problem('OPERATION_TOO_COSTLY', 'too many types behind interfaces, of which each is asked something else', {
    message: 'This operation asks too much of too many types behind interfaces. Ask each type by itself.',
  })
