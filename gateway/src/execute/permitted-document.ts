/** An operation without what is withheld from its caller, so that no subgraph is asked for it. */
import { Problem } from '@latchkey/problem'
import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import type { Withheld } from '../withheld.ts'
import type { Fragments } from './collect-fields.ts'
import { typename } from './planner-document.ts'

interface Withholding {
  readonly schema: GraphQLSchema
  readonly fragments: Fragments
  readonly withheld: Withheld
}

/** What may stand at one place of an operation. */
interface Place {
  readonly type: GraphQLCompositeType
  /** The objects; itself, where it is one. */
  readonly possible: readonly GraphQLObjectType[]
}

/** A field of an interface is asked once for each type that may be asked, and within that again. */
const fieldsMax = 5_000

/**
 * Fragments are written out where they are spread: what is withheld depends on the place. A field that an interface has is asked of
 * those types behind it that may be asked, and of every object behind an interface its type, so that each gets what is its own.
 * @throws Problem OPERATION_TOO_COSTLY when that makes too many fields of it
 */
export function withoutWithheld(
  operation: OperationDefinitionNode,
  { schema, fragments, withheld }: Withholding,
): OperationDefinitionNode {
  let fields = 0
  const placeOf = (type: GraphQLCompositeType): Place => ({
    type,
    possible: isObjectType(type) ? [type] : schema.getPossibleTypes(type),
  })

  function walk(set: SelectionSetNode, place: Place): SelectionSetNode {
    const selections = set.selections.flatMap((selection) => select(selection, place))
    return { ...set, selections: isAbstractType(place.type) ? [typename, ...selections] : selections }
  }

  function select(selection: SelectionNode, place: Place): readonly SelectionNode[] {
    if (selection.kind === Kind.FIELD) return selectField(selection, place)
    if (selection.kind === Kind.INLINE_FRAGMENT) return selectWithin(selection, place)
    const fragment = fragments.get(selection.name.value)
    if (!fragment) return []
    const { typeCondition, selectionSet } = fragment
    const { directives = [] } = selection
    return selectWithin({ kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet }, place)
  }

  function selectWithin(fragment: InlineFragmentNode, place: Place): readonly SelectionNode[] {
    const inside = narrow(place, fragment)
    if (inside.possible.length === 0) return []
    const selectionSet = walk(fragment.selectionSet, inside)
    return selectionSet.selections.length > 0 ? [{ ...fragment, selectionSet }] : []
  }

  /** Within an object a condition changes nothing, unless an answer that is narrower than an interface says cannot meet it. */
  function narrow(place: Place, { typeCondition }: InlineFragmentNode): Place {
    const type = typeCondition && schema.getType(typeCondition.name.value)
    if (!isCompositeType(type)) return place
    const possible = placeOf(type).possible.filter((each) => place.possible.includes(each))
    return { type: isAbstractType(place.type) ? type : place.type, possible }
  }

  function selectField(node: FieldNode, { type, possible }: Place): readonly SelectionNode[] {
    const name = node.name.value
    const field = isUnionType(type) ? undefined : type.getFields()[name]
    if (!field) return [node] // __typename and introspection
    if (isGiven(type, name) && possible.every((each) => isGiven(each, name))) return [withBelow(node, field)]
    if (isObjectType(type)) return []
    return possible.filter((each) => isGiven(each, name)).flatMap((each) => onType(each, node))
  }

  const isGiven = ({ name }: GraphQLCompositeType, field: string): boolean =>
    withheld.reasonFor(`${name}.${field}`) === undefined

  /** Its answer may be narrower there than the interface says. */
  function onType(type: GraphQLObjectType, node: FieldNode): readonly SelectionNode[] {
    const field = type.getFields()[node.name.value]
    if (!field) return []
    const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: type.name } } as const
    const selectionSet = { kind: Kind.SELECTION_SET, selections: [withBelow(node, field)] } as const
    return [{ kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet }]
  }

  function withBelow(node: FieldNode, field: GraphQLField<unknown, unknown>): FieldNode {
    fields += 1
    if (fields > fieldsMax) throw tooCostly()
    const below = getNamedType(field.type)
    if (!node.selectionSet || !isCompositeType(below)) return node
    return { ...node, selectionSet: walk(node.selectionSet, placeOf(below)) }
  }

  const root = schema.getRootType(operation.operation)
  return root ? { ...operation, selectionSet: walk(operation.selectionSet, placeOf(root)) } : operation
}

const tooCostly = (): Problem =>
  new Problem('OPERATION_TOO_COSTLY', 'too many types behind interfaces, of which some are withheld', {
    message: 'This operation asks too much of interfaces of which you may not ask every type. Ask each type by itself.',
  })
