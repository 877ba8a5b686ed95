import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { unguardedFields } from '@latchkey/subgraph/guard'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { codesOf, type Installation, install, personOf, type RunningSessions, signedIn } from './application.fixture.ts'
import { rules } from './subgraph.ts'

let house: Installation
let here: RunningSessions
let sessionId: string
let ada: Principal
beforeAll(async () => {
  house = await install('memory')
  here = await house.startProcess()
  const pair = await signedIn(here)
  sessionId = pair.session.id
  ada = personOf(pair)
})
afterAll(() => house.stop())

const principals: Record<string, () => Principal> = {
  nobody: () => anonymous,
  ada: () => ada,
  'ada without scopes': () => ({ ...ada, scopes: [] }) as Principal,
  eve: () => aUser({ userId: 'usr_eve', sessionId: 'ses_eve' }),
  admin: () => aUser({ userId: 'usr_root', sessionId: 'ses_root', scopes: ['sessions:admin'] }),
  'ada’s key': () => anApiKey({ scopes: ['sessions:read', 'sessions:write', 'sessions:admin'] }),
  'ada’s key without scopes': () => anApiKey({ scopes: [] }),
  'eve’s key': () => anApiKey({ ownerId: 'usr_eve' }),
  gateway: () => aService('gateway', ['sessions:read', 'sessions:admin']),
}
const names = Object.keys(principals)

type Verdict = 'ok' | 'UNAUTHENTICATED' | 'FORBIDDEN' | 'NOT_FOUND' | 'BAD_USER_INPUT'

/** Verdicts in the order of the principals above. */
const rows = (...verdicts: readonly Verdict[]) => Object.fromEntries(names.map((name, at) => [name, verdicts[at]]))

const no = 'UNAUTHENTICATED'
const entity = (type: string, id: () => string, field: string) => () => [
  `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${type} { ${field} } } }`,
  { of: [{ __typename: type, id: id() }] },
]
const ofSession = (field: string) => entity('Session', () => sessionId, field)
const ofAda = (field: string) => entity('User', () => 'usr_ada', field)
const refused = { input: { email: 'x@example.org', password: 'x' } }
const sessionField = rows(no, 'ok', 'ok', 'NOT_FOUND', 'ok', 'ok', 'FORBIDDEN', 'NOT_FOUND', 'FORBIDDEN')

const not = 'FORBIDDEN'
/** What the administrator is answered, in person; nobody else is answered. */
const forAdministrators = (verdict: Verdict) => rows(no, not, not, not, verdict, not, not, not, not)
const everyoneRefused = rows(no, not, not, not, not, not, not, not, not)

type Ask = () => readonly (string | Record<string, unknown>)[]

const table: readonly (readonly [string, Ask, Record<string, Verdict | undefined>])[] = [
  [
    'Query.session',
    () => ['{ session { __typename } }'],
    rows(no, 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN'),
  ],
  ['Query.auditTail', () => ['{ auditTail(limit: 1) }'], everyoneRefused],
  [
    'Query.loginAttempts',
    () => ['{ loginAttempts { nodes { id } } }'],
    rows(no, 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.signIn',
    () => ['mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }', refused],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.startSecondFactor',
    () => ['mutation { startSecondFactor(input: { challengeId: "x", factor: PASSKEY }) { outcome } }'],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.completeSecondFactor',
    () => ['mutation { completeSecondFactor(input: { challengeId: "x", totp: "x" }) { __typename } }'],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.startPasskeySignIn',
    () => ['mutation { startPasskeySignIn { challengeId options } }'],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.finishPasskeySignIn',
    () => ['mutation { finishPasskeySignIn(input: { challengeId: "x", response: "{}" }) { __typename } }'],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  ...(
    [
      ['Mutation.requestMagicLink', 'requestMagicLink(input: { email: "x@example.org" }) { outcome challengeId }'],
      ['Mutation.signInWithMagicLink', 'signInWithMagicLink(input: { token: "x" }) { __typename }'],
      ['Mutation.signInWithEmailCode', 'signInWithEmailCode(input: { challengeId: "x", code: "x" }) { __typename }'],
    ] as const
  ).map(
    ([field, mutation]) =>
      [
        field,
        () => [`mutation { ${mutation} }`],
        rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
      ] as const,
  ),
  [
    'Mutation.refreshSession',
    () => ['mutation { refreshSession(input: { refreshToken: "x" }) { __typename } }'],
    rows('ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  ['Query.networkRules', () => ['{ networkRules { id } }'], forAdministrators('ok')],
  [
    'Mutation.allowNetwork',
    () => ['mutation { allowNetwork(input: { network: "x", reason: "x", expiresAt: "x" }) { networkRule { id } } }'],
    forAdministrators('BAD_USER_INPUT'),
  ],
  [
    'Mutation.banNetwork',
    () => ['mutation { banNetwork(input: { network: "x", reason: "x", expiresAt: "x" }) { networkRule { id } } }'],
    forAdministrators('BAD_USER_INPUT'),
  ],
  [
    'Mutation.removeNetworkRule',
    () => ['mutation { removeNetworkRule(id: "x") { networkRule { id } } }'],
    forAdministrators('NOT_FOUND'),
  ],
  [
    'Mutation.unlockSignIn',
    () => ['mutation { unlockSignIn(input: { userId: "usr_ada" }) { outcome } }'],
    forAdministrators('ok'),
  ],
  ['Mutation.forgiveSignIn', () => ['mutation { forgiveSignIn(email: "x") { outcome } }'], everyoneRefused],
  [
    'Mutation.forgetEndedSessions',
    () => ['mutation { forgetEndedSessions(userId: "usr_ada", change: PASSWORD_CHANGED) { forgotten } }'],
    everyoneRefused,
  ],
  ['Mutation.chargeWrongTry', () => ['mutation { chargeWrongTry { outcome } }'], everyoneRefused],
  [
    'Mutation.impersonateUser',
    () => ['mutation { impersonateUser(input: { userId: "usr_ada", reason: "to see" }) { expiresAt } }'],
    rows(no, ...Array.from({ length: 8 }, () => 'FORBIDDEN' as const)),
  ],
  [
    'Mutation.endImpersonation',
    () => ['mutation { endImpersonation(sessionId: "ses_unknown") { sessionId } }'],
    rows(no, 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.startStepUp',
    () => ['mutation { startStepUp(input: { factor: PASSKEY }) { outcome options } }'],
    rows(no, 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.stepUp',
    () => ['mutation { stepUp(input: { totp: "x" }) { __typename } }'],
    rows(no, 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.revokeSession',
    () => [`mutation { revokeSession(id: "ses_unknown") { sessionId } }`],
    rows(no, 'NOT_FOUND', 'FORBIDDEN', 'NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.revokeOtherSessions',
    () => ['mutation { revokeOtherSessions { sessionIds } }'],
    rows(no, 'ok', 'FORBIDDEN', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  [
    'Mutation.revokeAllSessions',
    () => ['mutation { revokeAllSessions(userId: "usr_nobody") { sessionIds } }'],
    rows(no, 'NOT_FOUND', 'FORBIDDEN', 'NOT_FOUND', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
  ['User.id', ofAda('id'), rows(no, 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN')],
  [
    'User.sessions',
    ofAda('sessions { id }'),
    rows(no, 'ok', 'FORBIDDEN', 'NOT_FOUND', 'ok', 'ok', 'FORBIDDEN', 'NOT_FOUND', 'FORBIDDEN'),
  ],
  [
    'User.loginAttempts',
    ofAda('loginAttempts { nodes { id } }'),
    rows(no, 'ok', 'ok', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', 'FORBIDDEN'),
  ],
  ['Session.id', ofSession('id'), sessionField],
  ['Session.device', ofSession('device'), sessionField],
  ['Session.createdAt', ofSession('createdAt'), sessionField],
  ['Session.lastSeenAt', ofSession('lastSeenAt'), sessionField],
  ['Session.current', ofSession('current'), sessionField],
  ...['expiresAt', 'network', 'lastNetwork', 'amr', 'acr', 'authTime'].map(
    (field) => [`Session.${field}`, ofSession(field), sessionField] as const,
  ),
  ['Session.assurance', ofSession('assurance'), sessionField],
  ['Session.impersonatedBy', ofSession('impersonatedBy'), sessionField],
  ['Session.authenticatedAt', ofSession('authenticatedAt'), sessionField],
  [
    'Subscription.sessionEnded',
    () => ['subscription { sessionEnded { sessionId } }'],
    rows(no, 'ok', not, 'ok', not, 'ok', not, 'ok', not),
  ],
  // Last: it ends the sessions of those who may.
  [
    'Mutation.signOut',
    () => ['mutation { signOut { sessionId } }'],
    rows(no, 'ok', 'ok', 'ok', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'),
  ],
]

const cases = table.flatMap(([field, ask, verdicts]) =>
  names.map((name) => ({ field, name, ask, verdict: verdicts[name] })),
)

it.each(cases)('$field asked by $name is $verdict', async ({ name, ask, verdict }) => {
  const [query, variables = {}] = ask() as [string, Record<string, unknown>?]
  const answer = await here.ask(query, { principal: principals[name]?.() ?? anonymous, variables })
  expect(codesOf(answer)).toEqual(verdict === 'ok' ? [] : [verdict])
})

it('answers an unknown session and somebody else’s in the same words', async () => {
  const pair = await signedIn(here)
  const eve = principals.eve?.() ?? anonymous
  const [unknown, foreign] = ['ses_unknown', pair.session.id].map(async (id) => {
    const [query, variables = {}] = entity('Session', () => id, 'id device')() as [string, Record<string, unknown>]
    return here.ask(query, { principal: eve, variables })
  })
  expect(await foreign).toEqual(await unknown)
})

it('names a rule for every field', () => {
  expect(unguardedFields(here.subgraph.schema, rules)).toEqual([])
})
