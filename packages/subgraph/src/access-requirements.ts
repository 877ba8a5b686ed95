/** What an operation asks of its caller, found once per operation and judged in microseconds. */
import { isSignedIn, type Principal, scopesOf } from '@latchkey/principal'
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'
import type { AccessMap, AccessRule, FieldAccess } from './access-map.ts'
import { type Assurance, strictestAssurance } from './assurance.ts'
import { fragmentsOf } from './fragments.ts'

export interface AccessRequirement {
  readonly signedIn: boolean
  /** Of each member one set must be held whole. */
  readonly scopes: readonly (readonly (readonly string[])[])[]
  /** Of each member all the policies of one set must say yes. What they say is known to the gateway alone. */
  readonly policies: readonly (readonly (readonly string[])[])[]
  /** The strictest of all that is selected; `null`: none is asked for. */
  readonly assurance: Assurance | null
}

export type AccessVerdict = 'permitted' | 'unauthenticated' | 'forbidden'

/** What is permitted for good, whatever policies say. Pure, and without allocation: it runs with every request. */
export function judgeAccess(
  { signedIn, scopes }: Pick<AccessRequirement, 'signedIn' | 'scopes'>,
  principal: Principal,
): AccessVerdict {
  if (!signedIn) return 'permitted'
  if (!isSignedIn(principal)) return 'unauthenticated'
  const held = scopesOf(principal)
  return scopes.every((sets) => sets.some((set) => set.every((scope) => held.includes(scope))))
    ? 'permitted'
    : 'forbidden'
}

/** Needs a document that is valid: fields that exist, fragments without cycles. */
export type RequirementReader = (document: DocumentNode, operation: OperationDefinitionNode) => AccessRequirement

/** A place of an operation, and what is asked of the caller there. */
export interface AskedPlace {
  /** Where the answer has it; of a type that is only named, where its fields are. */
  readonly path: readonly string[]
  /** `Type.field`; `Type` where a fragment narrows to it, and where the operation begins. */
  readonly coordinate: string
  readonly rules: readonly AccessRule[]
}

/** Every place, in the order of the text; those of a fragment as often as it is spread. Needs a valid document of bounded size. */
export type PlaceReader = (document: DocumentNode, operation: OperationDefinitionNode) => readonly AskedPlace[]

/**
 * A field's rules are its own, those of the type it is asked on, and those of the type it answers with. Asked on an interface,
 * it needs the rules of every type that may stand there. A field under `@skip` or
 * `@include` needs its rules too: what an operation requires depends on its text, never on its variables.
 */
export function createRequirementReader(map: AccessMap): RequirementReader {
  const walk = createWalk(map)
  return (document, operation) => {
    const found = new Set<AccessRule>()
    const visited = new Set<string>()
    const isNew = (place: string) => !visited.has(place) && visited.add(place).size > 0
    const note = ({ rules }: AskedPlace) => {
      for (const rule of rules) found.add(rule)
    }
    walk(document, operation, { isNew, note })
    return joinRules(found)
  }
}

/** The same walk as that of the requirement, told place by place: for whoever asks why. */
export function createPlaceReader(map: AccessMap): PlaceReader {
  const walk = createWalk(map)
  return (document, operation) => {
    const places: AskedPlace[] = []
    walk(document, operation, { isNew: () => true, note: (place) => places.push(place) })
    return places
  }
}

interface Walker {
  readonly note: (place: AskedPlace) => void
  /** Whether to go into a fragment that is spread where it may have been spread before. */
  readonly isNew: (spread: string) => boolean
}

function createWalk(map: AccessMap) {
  const rulesOfField = createFieldRules(map)
  const rulesOfType = (name: string) => map.types.get(name)?.rules ?? []
  return (document: DocumentNode, operation: OperationDefinitionNode, { note, isNew }: Walker): void => {
    const fragments = fragmentsOf(document)
    const enter = (context: string, condition: string, path: readonly string[]): string => {
      // Within an object a condition changes nothing: it is met, or what is inside is never asked.
      if (isObject(map, context)) return context
      note({ path, coordinate: condition, rules: rulesOfType(condition) })
      return condition
    }
    const walk = (set: SelectionSetNode, context: string, path: readonly string[]): void => {
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) ask(selection, context, path)
        else if (selection.kind === Kind.INLINE_FRAGMENT) {
          const condition = selection.typeCondition?.name.value
          walk(selection.selectionSet, condition ? enter(context, condition, path) : context, path)
        } else spread(selection.name.value, context, path)
      }
    }
    const ask = (
      { name: { value: name }, alias, selectionSet }: FieldNode,
      context: string,
      above: readonly string[],
    ) => {
      const field = fieldOf(map, context, name)
      if (!field) return // introspection
      const path = [...above, alias?.value ?? name]
      note({ path, coordinate: `${context}.${name}`, rules: rulesOfField(context, name) })
      if (selectionSet) walk(selectionSet, field.type, path)
    }
    const spread = (name: string, context: string, path: readonly string[]): void => {
      const fragment = fragments.get(name)
      if (!fragment) return
      const inside = enter(context, fragment.typeCondition.name.value, path)
      if (isNew(`${name} ${inside}`)) walk(fragment.selectionSet, inside, path)
    }
    const root = map.roots[operation.operation]
    note({ path: [], coordinate: root, rules: rulesOfType(root) })
    walk(operation.selectionSet, root, [])
  }
}

/** What rules ask for together. */
export const requirementOf = (rules: readonly AccessRule[]): AccessRequirement => joinRules(new Set(rules))

/** What asking for one field of one type requires, what it answers with left out of account. */
export function createFieldRequirements(map: AccessMap): (type: string, field: string) => AccessRequirement {
  const rulesOfField = createFieldRules(map)
  return (type, field) => joinRules(new Set(rulesOfField(type, field)))
}

/** The rules of a field asked on a type, remembered. */
function createFieldRules(map: AccessMap) {
  const known = new Map<string, readonly AccessRule[]>()
  return (context: string, field: string): readonly AccessRule[] => {
    const coordinate = `${context}.${field}`
    const rules = known.get(coordinate) ?? gatherRules(map, context, field)
    known.set(coordinate, rules)
    return rules
  }
}

function gatherRules({ types }: AccessMap, context: string, field: string): readonly AccessRule[] {
  const rules = new Set<AccessRule>()
  const add = (more: readonly AccessRule[] = []) => {
    for (const rule of more) rules.add(rule)
  }
  for (const name of [context, ...(types.get(context)?.possible ?? [])]) {
    add(types.get(name)?.rules)
    add(types.get(name)?.fields.get(field)?.rules)
  }
  add(types.get(types.get(context)?.fields.get(field)?.type ?? '')?.rules)
  return [...rules]
}

function joinRules(rules: ReadonlySet<AccessRule>): AccessRequirement {
  const all = [...rules]
  return {
    // A policy may let through whom nobody knows: being signed in is another rule.
    signedIn: all.some(({ policySets }) => policySets === null),
    scopes: distinct(all.flatMap(({ scopeSets }) => (scopeSets ? [scopeSets] : []))),
    policies: distinct(all.flatMap(({ policySets }) => (policySets ? [policySets] : []))),
    assurance: strictestAssurance(all.flatMap(({ assurance }) => assurance ?? [])),
  }
}

const distinct = <Value>(values: readonly Value[]): readonly Value[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]

const isObject = ({ types }: AccessMap, name: string): boolean => types.get(name)?.possible.has(name) ?? false

const fieldOf = ({ types }: AccessMap, type: string, field: string): FieldAccess | undefined =>
  types.get(type)?.fields.get(field)
