/** What of the schema a key may touch, and the operations that it is bound to, as its owner writes them. */
import type { AccessList } from '@latchkey/principal/access-list'
import type { Confinement, PersistedOperationsLevel } from '@latchkey/principal/confinement'
import type { PublicGraph } from '@latchkey/public-graph'
import type { GraphQLSchema } from 'graphql'
import type { ReadPart } from '../keys/confinement.ts'
import { createAccessList, faultOfSize, fitsIn } from './access.ts'
import { type AccessRule, parseAccessRule, writeRule } from './rule.ts'
import { missingIn, nearIn } from './schema-places.ts'

export interface AccessInput {
  readonly access?: { readonly allow?: readonly string[] | null; readonly deny?: readonly string[] | null } | null
}

export interface OperationsInput {
  readonly operations?: readonly string[] | null
}

export interface PersistedOperationsInput {
  readonly persistedOperations?: PersistedOperationsLevel | 'OFF' | null
}

const rulesMax = 200
const ruleCharactersMax = 256
const operationsMax = 200
const faultsMax = 10

export function readAccess(
  { access }: AccessInput,
  before: Confinement,
  { graph }: { readonly graph: PublicGraph },
): ReadPart {
  if (!access) return {}
  const { allow, deny } = access
  const unsaid = faultsOfUnsaid(access, before)
  if (Object.keys(unsaid).length > 0) return { faults: unsaid }
  if (allow?.length === 0 && deny?.length === 0) return { part: { access: undefined } }
  const given = [...(allow ?? []).map(asAllowed), ...(deny ?? []).map(asDenied)]
  if (given.length === 0) return { faults: { 'input.access': nothingSaid } }
  if ((allow?.length ?? 0) > rulesMax || (deny?.length ?? 0) > rulesMax)
    return { faults: { 'input.access': `must hold at most ${rulesMax} rules in each list` } }
  const faults = faultsOf(given, graph.schema)
  if (Object.keys(faults).length > 0) return { faults }
  return withinBounds(createAccessList(rulesIn(given), graph.schema))
}

/** Rules of a key that has some are not lost by saying nothing of them: what they deny would be granted. */
const faultsOfUnsaid = (access: NonNullable<AccessInput['access']>, { access: before }: Confinement) =>
  Object.fromEntries(
    (['allow', 'deny'] as const)
      .filter((list) => !access[list] && before && before[list].length > 0)
      .map((list) => [
        `input.access.${list}`,
        'is left out, and the key has rules there: give them again, or an empty list',
      ]),
  )

const nothingSaid =
  'must name what is allowed or denied; leave it out to confine nothing, and give two empty lists to take the limit away'

function withinBounds(access: AccessList): ReadPart {
  const wrong = faultOfSize(access)
  return wrong === null ? { part: { access } } : { faults: { 'input.access': wrong } }
}

/** A rule, and in which of the lists it was written and which it belongs to. */
interface Given {
  readonly text: string
  readonly written: 'allow' | 'deny'
  readonly meant: 'allow' | 'deny'
}

/** `!Order.internalNotes` among what is allowed is denied. */
const asAllowed = (text: string): Given =>
  text.trimStart().startsWith('!')
    ? { text: text.trimStart().slice(1), written: 'allow', meant: 'deny' }
    : { text, written: 'allow', meant: 'allow' }

const asDenied = (text: string): Given => ({ text, written: 'deny', meant: 'deny' })

function rulesIn(given: readonly Given[]) {
  const meant = (list: Given['meant']): readonly AccessRule[] => {
    const rules = given.filter((each) => each.meant === list).flatMap(({ text }) => parseAccessRule(text) ?? [])
    return [...new Map(rules.map((rule) => [writeRule(rule), rule])).values()]
  }
  return { allow: meant('allow'), deny: meant('deny') }
}

/** Every rule that is wrong, in the list where it was written. */
function faultsOf(given: readonly Given[], schema: GraphQLSchema): Readonly<Record<string, string>> {
  const ofList = (list: Given['written']) => {
    const faults = given.filter(({ written }) => written === list).flatMap((each) => faultOf(each, schema) ?? [])
    return faults.length > 0 ? { [`input.access.${list}`]: faults.slice(0, faultsMax).join('; ') } : {}
  }
  return { ...ofList('allow'), ...ofList('deny') }
}

function faultOf({ text, meant }: Given, schema: GraphQLSchema): string | null {
  const shown = text.trim().slice(0, 64)
  const rule = text.length > ruleCharactersMax ? null : parseAccessRule(text)
  if (!rule)
    return `must be of a form such as \`Query.orders\`, \`Order.*\`, \`Query.orders(customerId:)\` or \`Query.orders(customerId: "c1")\`, in at most ${ruleCharactersMax} characters: ${shown}`
  const missing = missingIn(schema, rule)
  if (missing !== null) return `names what the schema does not have: ${missing}${near(nearIn(schema, rule))}`
  if (meant === 'deny' && (rule.kind === 'value' || rule.kind === 'bare'))
    return `a field or an argument is denied whole, whatever its value: ${shown}`
  return rule.kind === 'value' && !fitsIn(schema, rule) ? `holds a value that the argument cannot have: ${shown}` : null
}

const near = (names: readonly string[]): string => (names.length > 0 ? ` (it has ${names.join(', ')})` : '')

const sha256 = /^[0-9a-f]{64}$/

export function readOperations({ operations }: OperationsInput, before: Confinement): ReadPart {
  if (!operations) return {}
  if (operations.length === 0 && !before.operations)
    return { faults: { 'input.operations': 'must name at least one operation; leave it out to bind the key to none' } }
  const wrong = faultOfHashes(operations)
  if (wrong !== null) return { faults: { 'input.operations': wrong } }
  return { part: { operations: operations.length > 0 ? [...new Set(operations)] : undefined } }
}

function faultOfHashes(operations: readonly string[]): string | null {
  if (operations.length > operationsMax) return `must name at most ${operationsMax} operations`
  const wrong = operations.find((text) => !sha256.test(text))
  return wrong === undefined
    ? null
    : `must be the SHA-256 of a document in 64 small hexadecimal digits: ${wrong.slice(0, 64)}`
}

export const readPersistedOperations = ({ persistedOperations: level }: PersistedOperationsInput): ReadPart =>
  level ? { part: { persistedOperations: level === 'OFF' ? undefined : level } } : {}
