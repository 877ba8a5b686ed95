/** The least to change for an operation to pass: looked for by what stands in the way, and believed when the judge lets it pass. */
import type { Clock } from '@latchkey/clock'
import { mayChange } from '@latchkey/principal'
import { judgeAccess } from '@latchkey/subgraph/access-requirements'
import { judgeAssurance } from '@latchkey/subgraph/assurance'
import { digestOf } from '../authorize/key-access.ts'
import type { PreparedOperation } from '../execute/engine.ts'
import type { KnownOperation } from '../operations.ts'
import { type Change, changed, changeOf } from './change.ts'
import { decide } from './decision.ts'
import type { Disclosure } from './place.ts'
import type { Question } from './question.ts'
import type { Reading } from './reading.ts'
import type { RoleCatalogue } from './role-catalogue.ts'
import { alternativesMax, fewest, grants, missingScopes } from './scope-changes.ts'
import type { Subject } from './subject.ts'

export interface RemedyTools {
  readonly reading: Reading
  readonly roles: RoleCatalogue | null
  readonly question: Question
  readonly operation: KnownOperation<PreparedOperation>
  readonly clock: Clock
  readonly disclosure: Disclosure
}

/** Changes that are to be made together. */
export type Remedy = readonly Change[]

/** None when nothing is known that would do. */
export function remediesFor(subject: Subject, tools: RemedyTools): readonly Remedy[] {
  return fewest(waysFor(subject, tools)).flatMap((changes) => whole(changes, subject, tools))
}

/** With what else it takes, if the judge would let it pass then; none, if not. */
function whole(changes: Remedy, subject: Subject, { reading, question, clock }: RemedyTools): readonly Remedy[] {
  const after = changes.reduce<Subject | null>((one, change) => one && changed(one, change, clock), subject)
  if (!after) return []
  // What policies say then nobody can know before: it is taken that they say yes.
  const byPolicy = changes.some(({ kind }) => kind === 'SATISFY_POLICY')
  const { code } = decide(byPolicy ? reading.authorizeByPolicy : reading.authorize, question, after)
  if (code === 'OPERATION_TOO_COSTLY') return [[...changes, changeOf('SHRINK_OPERATION', { limits: ['COST'] })]]
  return code === 'PERMITTED' ? [changes] : []
}

function waysFor(subject: Subject, tools: RemedyTools): readonly Remedy[] {
  const { principal, key } = subject.caller
  const access = judgeAccess(tools.operation.requirement, principal)
  if (principal.kind === 'anonymous' && (access !== 'permitted' || isForSomebody(subject, tools)))
    return signingIn(tools)
  if (needsPerson(subject, tools)) return inPersonOf(subject, tools)
  const standing = subject.refusal ? [standingChange(subject.refusal)] : []
  const ofKey = key ? keyChanges(subject, tools) : []
  const policies = policyChanges(subject, tools)
  return combined([
    ...[[[...standing, ...ofKey]], scopeChanges(subject, tools), [policies], assuranceChanges(subject, tools)],
  ])
}

/** Where introspection is filtered the schema is shown to whoever is signed in, though its fields ask for nobody. */
const isForSomebody = (subject: Subject, { reading, question }: RemedyTools): boolean =>
  decide(reading.authorize, question, subject).code === 'UNAUTHENTICATED'

/** What only a person can: to prove who they are, and to change what somebody in their place may only look at. */
function needsPerson({ caller: { principal } }: Subject, { operation }: RemedyTools): boolean {
  const inPlace = principal.kind === 'user' && principal.act !== undefined
  if (operation.requirement.assurance !== null && (principal.kind !== 'user' || inPlace)) return true
  return operation.kind !== 'query' && !mayChange(principal)
}

function inPersonOf(subject: Subject, tools: RemedyTools): readonly Remedy[] {
  const inPerson = changeOf('ASK_IN_PERSON')
  const after = changed(subject, inPerson, tools.clock)
  const restored = subject.refusal === 'ACCOUNT_NOT_ACTIVE' || subject.refusal === 'OWNER_SUSPENDED'
  const before = restored ? [changeOf('RESTORE_ACCOUNT')] : []
  return after ? waysFor(after, tools).map((changes) => [...before, inPerson, ...changes]) : []
}

/** Any account would do that holds what is needed. */
function signingIn({ operation, roles, ...tools }: RemedyTools): readonly Remedy[] {
  return missingScopes(operation.requirement, []).flatMap((scopes) => {
    const giving = scopes.length === 0 ? [] : holding(scopes, roles)
    const signIn = changeOf('SIGN_IN', { scopes, roles: giving })
    const after = changed(
      { caller: { principal: { kind: 'anonymous' } }, account: null, refusal: null },
      signIn,
      tools.clock,
    )
    return after ? waysFor(after, { operation, roles, ...tools }).map((changes) => [signIn, ...changes]) : []
  })
}

const holding = ([first = '', ...others]: readonly string[], roles: RoleCatalogue | null): readonly string[] =>
  (roles?.giving(first) ?? [])
    .filter(({ scopes }) => others.every((scope) => scopes.includes(scope)))
    .map(({ name }) => name)

const standingChange = (refusal: NonNullable<Subject['refusal']>): Change => {
  if (refusal === 'ACCOUNT_NOT_ACTIVE' || refusal === 'OWNER_SUSPENDED') return changeOf('RESTORE_ACCOUNT')
  return changeOf(refusal === 'DISABLED' ? 'ENABLE_KEY' : 'REPLACE_KEY')
}

function keyChanges({ caller: { key } }: Subject, { reading, question, operation }: RemedyTools): Remedy {
  if (!key) return []
  const digest = digestOf(question.query)
  const bound = key.confinement?.operations
  const coordinates = reading.refusedTo(key, operation, question.variables)
  return [
    ...(bound && !bound.includes(digest) ? [changeOf('BIND_OPERATION', { operation: digest })] : []),
    ...(coordinates.length > 0 ? [changeOf('WIDEN_ACCESS_LIST', { coordinates })] : []),
  ]
}

/** A key has to hold it, and its owner to be permitted it. */
function scopeChanges({ caller, account }: Subject, { operation, roles }: RemedyTools): readonly Remedy[] {
  const { key, principal } = caller
  if (judgeAccess(operation.requirement, principal) === 'permitted' || !account) return [[]]
  const held = principal.kind === 'anonymous' ? [] : principal.scopes
  return missingScopes(operation.requirement, held).flatMap((missing) => {
    const ofKey = key ? missing.filter((scope) => !key.scopes.includes(scope)) : []
    const ofAccount = missing.filter((scope) => !account.scopes.includes(scope))
    const toKey = ofKey.length > 0 ? [changeOf('ADD_SCOPES_TO_KEY', { scopes: ofKey })] : []
    return grants(ofAccount, roles).map((granted) => [...granted, ...toKey])
  })
}

/** Their names tell how a company decides: to whoever may explain others. */
function policyChanges({ caller }: Subject, { reading, operation, question, disclosure }: RemedyTools): Remedy {
  const judging = reading.judging({ caller, operation, address: question.address })
  const denied = [...new Set(judging.deniedPolicies(operation.requirement).flat(2))]
  if (denied.length === 0) return []
  return [changeOf('SATISFY_POLICY', { policies: disclosure === 'whole' ? denied : [] })]
}

function assuranceChanges({ caller }: Subject, { operation, clock }: RemedyTools): readonly Remedy[] {
  const { assurance } = operation.requirement
  if (assurance === null || judgeAssurance(assurance, caller.principal, clock) === true) return [[]]
  const { level, maxAgeSeconds } = assurance
  return [[changeOf('STEP_UP', { level: level === 'aal2' ? 'AAL2' : 'AAL1', maxAgeSeconds })]]
}

/** Of each part one of its ways. */
const combined = (parts: readonly (readonly Remedy[])[]): readonly Remedy[] =>
  parts.reduce<readonly Remedy[]>(
    (ways, part) => ways.flatMap((way) => fewest(part).map((more) => [...way, ...more])).slice(0, alternativesMax),
    [[]],
  )
