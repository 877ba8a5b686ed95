/** What an operation asks of its caller, found once per operation and judged in microseconds. */
import { isSignedIn, type Principal, scopesOf } from '@latchkey/principal'
import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'
import type { AccessMap, AccessRule, FieldAccess } from './access-map.ts'
import { type Assurance, strictestAssurance } from './assurance.ts'
import { fragmentsOf } from './fragments.ts'

export interface AccessRequirement {
  readonly signedIn: boolean
  /** Of each member one set must be held whole. */
  readonly scopes: readonly (readonly (readonly string[])[])[]
  /** The strictest of all that is selected; `null`: none is asked for. */
  readonly assurance: Assurance | null
}

export type AccessVerdict = 'permitted' | 'unauthenticated' | 'forbidden'

/** What is permitted for good. Pure, and without allocation: it runs with every request. */
export function judgeAccess(
  { signedIn, scopes }: Omit<AccessRequirement, 'assurance'>,
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

/**
 * A field's rules are its own, those of the type it is asked on, and those of the type it answers with. Asked on an interface,
 * it needs the rules of every type that may stand there. A field under `@skip` or
 * `@include` needs its rules too: what an operation requires depends on its text, never on its variables.
 */
export function createRequirementReader(map: AccessMap): RequirementReader {
  const rulesOfField = createFieldRules(map)
  const rulesOfType = (name: string) => map.types.get(name)?.rules ?? []
  return (document, operation) => {
    const found = new Set<AccessRule>()
    const fragments = fragmentsOf(document)
    const visited = new Set<string>()
    const add = (rules: readonly AccessRule[]) => {
      for (const rule of rules) found.add(rule)
    }
    const enter = (context: string, condition: string): string => {
      // Within an object a condition changes nothing: it is met, or what is inside is never asked.
      if (isObject(map, context)) return context
      add(rulesOfType(condition))
      return condition
    }
    const walk = (set: SelectionSetNode, context: string): void => {
      for (const selection of set.selections) {
        if (selection.kind === Kind.FIELD) {
          const field = fieldOf(map, context, selection.name.value)
          if (!field) continue // introspection
          add(rulesOfField(context, selection.name.value))
          if (selection.selectionSet) walk(selection.selectionSet, field.type)
        } else if (selection.kind === Kind.INLINE_FRAGMENT) {
          const condition = selection.typeCondition?.name.value
          walk(selection.selectionSet, condition ? enter(context, condition) : context)
        } else spread(selection.name.value, context)
      }
    }
    const spread = (name: string, context: string): void => {
      const fragment = fragments.get(name)
      if (!fragment) return
      const inside = enter(context, fragment.typeCondition.name.value)
      const place = `${name} ${inside}`
      if (visited.has(place)) return
      visited.add(place)
      walk(fragment.selectionSet, inside)
    }
    const root = map.roots[operation.operation]
    add(rulesOfType(root))
    walk(operation.selectionSet, root)
    return joinRules(found)
  }
}

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
  const distinct = new Map<string, readonly (readonly string[])[]>()
  for (const { scopeSets } of rules) if (scopeSets) distinct.set(JSON.stringify(scopeSets), scopeSets)
  const assurances = [...rules].flatMap(({ assurance }) => assurance ?? [])
  return { signedIn: rules.size > 0, scopes: [...distinct.values()], assurance: strictestAssurance(assurances) }
}

const isObject = ({ types }: AccessMap, name: string): boolean => types.get(name)?.possible.has(name) ?? false

const fieldOf = ({ types }: AccessMap, type: string, field: string): FieldAccess | undefined =>
  types.get(type)?.fields.get(field)
