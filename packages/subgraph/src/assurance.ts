/** Assurance: how strongly and how recently a person must have proved who they are (RFC 9470), as a schema says it. */
import { type Clock, secondMs } from '@latchkey/clock'
import type { AssuranceLevel, Principal, UserPrincipal } from '@latchkey/principal'
import { Problem, stepUpRequired } from '@latchkey/problem'
import {
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
  valueFromASTUntyped,
} from 'graphql'

/** What `@requiresAssurance(level: AAL2, maxAge: 600)` asks for. */
export interface Assurance {
  readonly level: AssuranceLevel
  /** Seconds since the proof, at most; `null`: however long ago it was. */
  readonly maxAgeSeconds: number | null
}

/** The directive, and the last part of the address that it is linked by. */
export const assuranceDirective = 'requiresAssurance'

const levels: Readonly<Record<string, AssuranceLevel>> = { AAL1: 'aal1', AAL2: 'aal2' }

/** What raises a session to a level, the strongest first. Where an account has a second factor its password alone does not. */
const factorsFor: Readonly<Record<AssuranceLevel, readonly string[]>> = {
  aal1: ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE', 'PASSWORD'],
  aal2: ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'],
}

/** What one use of the directive asks for. Throws when that is not a level and a number of seconds. */
export function readAssurance(directive: ConstDirectiveNode): Assurance {
  const given = new Map((directive.arguments ?? []).map(({ name, value }) => [name.value, valueFromASTUntyped(value)]))
  const level = levels[String(given.get('level') ?? 'AAL1')]
  const maxAge = given.get('maxAge') ?? null
  const isAge = maxAge === null || (typeof maxAge === 'number' && Number.isInteger(maxAge) && maxAge > 0)
  if (!level || !isAge) throw new Error(`@${assuranceDirective} takes a level, and a maxAge of whole seconds.`)
  return { level, maxAgeSeconds: maxAge }
}

/** What satisfies all of them; `null` where nothing is asked for. */
export function strictestAssurance(all: readonly Assurance[]): Assurance | null {
  if (all.length === 0) return null
  const ages = all.flatMap(({ maxAgeSeconds }) => (maxAgeSeconds === null ? [] : [maxAgeSeconds]))
  return {
    level: all.some(({ level }) => level === 'aal2') ? 'aal2' : 'aal1',
    maxAgeSeconds: ages.length > 0 ? Math.min(...ages) : null,
  }
}

const isMet = ({ level, maxAgeSeconds }: Assurance, { acr, authTime }: Proved, clock: Clock): boolean =>
  (level === 'aal1' || acr === 'aal2') &&
  (maxAgeSeconds === null || clock.now().getTime() - authTime * secondMs <= maxAgeSeconds * secondMs)

type Proved = Pick<Extract<Principal, { kind: 'user' }>, 'acr' | 'authTime'>

const factsOf = ({ level, maxAgeSeconds }: Assurance) => ({
  assurance: { level: level === 'aal2' ? 'AAL2' : 'AAL1', maxAgeSeconds } as const,
  factors: factorsFor[level],
})

/** Whether they are there in person, and can prove it. */
export const canProve = (principal: Principal): principal is UserPrincipal =>
  principal.kind === 'user' && !principal.act

/**
 * Anonymous callers are UNAUTHENTICATED. STEP_UP_REQUIRED, naming level, age and factors, is for a person who can do something
 * about it. Keys, services and whoever acts for a person cannot prove to be that person: FORBIDDEN.
 */
export function judgeAssurance(required: Assurance, principal: Principal, clock: Clock): true | Problem {
  if (principal.kind === 'anonymous') return new Problem('UNAUTHENTICATED')
  if (!canProve(principal)) return new Problem('FORBIDDEN', 'only the person in person')
  return isMet(required, principal, clock) || stepUpRequired(factsOf(required))
}

type Composite = GraphQLObjectType | GraphQLInterfaceType

const assurancesOn = (
  nodes: readonly ({ directives?: readonly ConstDirectiveNode[] | undefined } | null | undefined)[],
) =>
  nodes
    .flatMap((node) => node?.directives ?? [])
    .filter(({ name }) => name.value === assuranceDirective)
    .map(readAssurance)

/** What the schema asks for before a field: at the field, at its type, and at the interfaces that both come from. */
export function assuranceOf(type: Composite, field: Pick<GraphQLField<unknown, unknown>, 'name'>): Assurance | null {
  const nodes = [type, ...type.getInterfaces()].flatMap((each) => [
    each.astNode,
    ...each.extensionASTNodes,
    each.getFields()[field.name]?.astNode,
  ])
  return strictestAssurance(assurancesOn(nodes))
}

/** Whether a schema links the directive under a name that is not its own, which would go unenforced here. */
export const renamesAssurance = (typeDefs: string, schema: GraphQLSchema): boolean =>
  new RegExp(`/${assuranceDirective}/v\\d`).test(typeDefs) && !schema.getDirective(assuranceDirective)
