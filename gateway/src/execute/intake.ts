/** Copies what a subgraph answered into the tree: only what was asked for, so that nothing else can get in. */
import {
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { isInherited, isTree, ownValue, type Tree } from './tree.ts'

export interface Slot {
  /** The key in the subgraph's answer. */
  readonly source: string
  /** The key in the tree. */
  target: string
  /** When set, only for answers of these types. */
  onlyFor: ReadonlySet<string> | undefined
  readonly inherited: boolean
  readonly child: Intake | undefined
}

/** A value the plan puts in place of what the subgraph says. */
interface Override {
  readonly key: string
  readonly value: string
  readonly onlyFor: ReadonlySet<string> | undefined
}

/** One selection set of a subgraph operation, all type conditions together. */
export interface Intake {
  readonly slots: Slot[]
  readonly overrides: Override[]
  readonly isAbstract: (typeName: string) => boolean
}

// Deeper nesting of lists than any schema has: an answer that does this is not one.
const listDepthMax = 16

/** The intakes of an operation's root fields, by the document the plan carries. */
export function compileIntake(operation: string, isAbstract: (typeName: string) => boolean): Intake {
  const document = parse(operation, { noLocation: true })
  const fragments = new Map<string, FragmentDefinitionNode>()
  let root: OperationDefinitionNode | undefined
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
    else if (definition.kind === Kind.OPERATION_DEFINITION) root = definition
  }
  if (!root) throw new Error('The plan carries a fetch without an operation.')
  return intakeOf([root.selectionSet], fragments, isAbstract)
}

function intakeOf(
  sets: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  isAbstract: (typeName: string) => boolean,
): Intake {
  const byKey = new Map<string, SelectionSetNode[]>()
  const gather = (selection: SelectionNode): void => {
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value
      const below = byKey.get(key) ?? []
      byKey.set(key, selection.selectionSet ? [...below, selection.selectionSet] : below)
    } else if (selection.kind === Kind.INLINE_FRAGMENT) selection.selectionSet.selections.forEach(gather)
    else fragments.get(selection.name.value)?.selectionSet.selections.forEach(gather)
  }
  for (const set of sets) set.selections.forEach(gather)
  const slots = [...byKey].map(([source, below]) => ({
    source,
    target: source,
    onlyFor: undefined,
    inherited: isInherited(source),
    child: below.length > 0 ? intakeOf(below, fragments, isAbstract) : undefined,
  }))
  return { slots, overrides: [], isAbstract }
}

/** Copies `answer` into `target`. What is there already stays, unless the answer says the same field anew. */
export function take(intake: Intake, target: Tree, answer: Tree): void {
  const slots = intake.slots
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at] as Slot // within bounds
    const value = slot.inherited ? ownValue(answer, slot.source) : answer[slot.source]
    if (value === undefined || (slot.onlyFor !== undefined && !applies(slot.onlyFor, answer))) continue
    if (slot.child !== undefined) target[slot.target] = takeBelow(slot.child, target[slot.target], value, 0)
    else if (slot.source === '__typename') takeTypename(intake, target, value)
    else target[slot.target] = value
  }
  if (intake.overrides.length > 0) applyOverrides(intake, target)
}

function takeBelow(intake: Intake, existing: unknown, value: unknown, listDepth: number): unknown {
  if (Array.isArray(value)) return takeList(intake, existing, value, listDepth)
  if (typeof value !== 'object') return existing ?? value
  if (value === null) return existing ?? null
  const target = isTree(existing) ? existing : {}
  take(intake, target, value as Tree) // an object, and not a list
  return target
}

function takeList(intake: Intake, existing: unknown, values: readonly unknown[], listDepth: number): unknown {
  if (listDepth === listDepthMax) return null
  if (Array.isArray(existing) && existing.length !== values.length) return existing
  const list: unknown[] = Array.isArray(existing) ? existing : new Array(values.length)
  for (let at = 0; at < values.length; at++) list[at] = takeBelow(intake, list[at], values[at], listDepth + 1)
  return list
}

/** Through @interfaceObject a subgraph names the interface where another has named the object type: that one stays. */
function takeTypename(intake: Intake, target: Tree, value: unknown): void {
  const existing = target.__typename
  if (typeof existing === 'string' && typeof value === 'string' && intake.isAbstract(value)) return
  target.__typename = value
}

function applyOverrides(intake: Intake, target: Tree): void {
  for (const { key, value, onlyFor } of intake.overrides)
    if (onlyFor === undefined || applies(onlyFor, target)) target[key] = value
}

const applies = (types: ReadonlySet<string>, answer: Tree): boolean =>
  typeof answer.__typename !== 'string' || types.has(answer.__typename)
