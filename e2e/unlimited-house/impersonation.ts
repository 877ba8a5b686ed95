/** Support staff in somebody's place: what they see, what is refused to them at every door, and what ends it. */
import { systemClock } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { createSealer } from '@latchkey/principal/envelope'
import { aUser } from '@latchkey/principal/testing'
import { beforeAll, expect, it } from 'vitest'
import { shownCode } from '../support/authenticator-app.ts'
import { type Answer, aKey, ask, bearer, codesOf, mailsTo, type SignedIn, signedIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'

interface Setting {
  readonly house: () => Topology
  readonly asAdmin: (query: string, variables: object) => Promise<unknown>
  readonly admin: () => SignedIn
  readonly topology: string
}

const begin = `mutation ($userId: ID!, $write: Boolean!) {
  impersonateUser(input: { userId: $userId, reason: "ticket 4711: no orders", write: $write }) { accessToken sessionId } }`
const end = 'mutation ($id: ID!) { endImpersonation(sessionId: $id) { sessionId } }'
const stepUp = `mutation ($code: String!) { stepUp(input: { recoveryCode: $code }) { ... on SignedIn { accessToken } } }`
const changeName = `mutation ($version: Int!) {
  updateProfile(input: { displayName: "Ada L.", version: $version }) { user { displayName } } }`
const createRole = `mutation ($name: String!, $scopes: [String!]!) {
  createRole(input: { name: $name, description: "A story", scopes: $scopes }) { role { name } } }`
const roleOperation = (what: 'grantRole' | 'revokeRole') =>
  `mutation ($userId: ID!, $role: String!) { ${what}(input: { userId: $userId, role: $role }) { outcome } }`
const suspend = `mutation ($id: ID!) { suspendUser(input: { id: $id, reason: "A story" }) { user { status } } }`

/** By the subgraph that answers it: what nobody does for somebody else, whatever they may do. */
const forbidden: readonly (readonly [subgraph: string, operation: string])[] = [
  ['users', 'mutation { changePassword(input: { currentPassword: "x", newPassword: "y" }) { outcome } }'],
  ['users', 'mutation { requestEmailChange(input: { newEmail: "x@example.com" }) { outcome } }'],
  ['users', 'mutation { enrolTotp { secret } }'],
  ['users', 'mutation { removeTotp(input: { code: "1" }) { outcome } }'],
  ['users', 'mutation { regenerateRecoveryCodes { recoveryCodes } }'],
  ['users', 'mutation { startPasskeyEnrolment { options } }'],
  ['users', 'mutation { removePasskey(id: "x") { id } }'],
  ['users', 'mutation { enableEmailCodes { recoveryCodes } }'],
  ['users', 'mutation { deleteMe(input: { email: "x@example.com" }) { eraseAt } }'],
  ['users', 'mutation { requestDataExport { dataExport { id } } }'],
  ['users', '{ me { dataExports { document } } }'],
  ['users', 'mutation { grantRole(input: { userId: "x", role: "admin" }) { outcome } }'],
  ['users', '{ users(first: 1) { edges { node { id } } } }'],
  ['api-keys', 'mutation { createApiKey(input: { name: "x", scopes: ["profile:read"] }) { secret } }'],
  ['api-keys', 'mutation { revokeApiKey(input: { id: "x" }) { apiKey { id } } }'],
  ['api-keys', '{ apiKeys { nodes { id } } }'],
  ['sessions', 'mutation { revokeOtherSessions { sessionIds } }'],
  ['sessions', 'mutation { revokeSession(id: "x") { sessionId } }'],
  ['sessions', 'mutation { startStepUp(input: { factor: EMAIL_CODE }) { outcome } }'],
  ['sessions', 'mutation { stepUp(input: { password: "x" }) { __typename } }'],
  ['sessions', 'mutation { impersonateUser(input: { userId: "x", reason: "ticket 4711" }) { sessionId } }'],
  ['sessions', 'mutation { endImpersonation(sessionId: "x") { sessionId } }'],
]

export function impersonationStories({ house, asAdmin, admin, topology }: Setting): void {
  const role = `support-${topology}`
  const [one, other] = [() => house().gateways[0], () => house().gateways[1]]
  let ada: SignedIn
  beforeAll(async () => {
    ada = await signedIn(one())
  })

  /** A member of the staff who has just shown a second factor. */
  async function aStaffMember() {
    const person = await signedIn(one())
    const mine = bearer(person.accessToken)
    const { secret } = (await ask(one(), mine, 'mutation { enrolTotp { secret } }')).data.enrolTotp
    const confirm = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes } }'
    const code = shownCode(secret, systemClock.now().getTime())
    const { recoveryCodes } = (await ask(one(), mine, confirm, { code })).data.confirmTotp
    await asAdmin(roleOperation('grantRole'), { userId: person.userId, role })
    const weak = await impersonate(person.accessToken)
    expect([weak.status, codesOf(weak)]).toEqual([403, ['STEP_UP_REQUIRED']])
    const raised = (await ask(one(), mine, stepUp, { code: recoveryCodes[0] })).data.stepUp
    return { ...person, accessToken: raised.accessToken as string }
  }
  const impersonate = (token: string, write = false, userId = ada.userId) =>
    ask(one(), bearer(token), begin, { userId, write })
  async function acting(staff: SignedIn, write = false) {
    const { data, errors } = await impersonate(staff.accessToken, write)
    expect(errors).toEqual([])
    return data.impersonateUser as { accessToken: string; sessionId: string }
  }
  const verdicts = (answer: Answer) => [answer.status, codesOf(answer)]

  it('see what the person sees, and the person sees them', async () => {
    await asAdmin(createRole, { name: role, scopes: ['sessions:impersonate', 'sessions:impersonate:write'] })
    const staff = await aStaffMember()
    const { accessToken, sessionId } = await acting(staff)
    const query = '{ me { id email orders { id } } session { id current impersonatedBy assurance } }'
    for (const gateway of house().gateways) {
      const { data, errors } = await ask(gateway, bearer(accessToken), query)
      expect(errors).toEqual([])
      expect(data).toMatchObject({
        me: { id: ada.userId, email: ada.email, orders: [{ id: `${ada.userId}-2` }, { id: `${ada.userId}-1` }] },
        session: { id: sessionId, current: true, impersonatedBy: staff.userId, assurance: 'AAL1' },
      })
    }
    const seen = await ask(
      other(),
      bearer(ada.accessToken),
      '{ me { sessions { id impersonatedBy } securityEvents { nodes { kind by } } } }',
    )
    expect(seen.data.me.sessions).toContainEqual({ id: sessionId, impersonatedBy: staff.userId })
    expect(seen.data.me.securityEvents.nodes).toContainEqual({ kind: 'IMPERSONATED', by: 'ADMINISTRATOR' })
    const subjects = async () => (await mailsTo(one(), ada.email)).map(({ subject }) => subject)
    await expect.poll(subjects).toContain('Support opened your account')
  })

  it('touch no credential, and change nothing unless they were let, at the gateway', async () => {
    const staff = await aStaffMember()
    await aKey(one(), ada, ['profile:read'])
    const [reader, writer] = [await acting(staff), await acting(staff, true)]
    for (const { accessToken } of [reader, writer])
      for (const [, operation] of [...forbidden, ['', '{ me { apiKeys { id } sessions { id } } }'] as const])
        expect([operation, ...verdicts(await ask(one(), bearer(accessToken), operation))]).toEqual([
          operation,
          403,
          ['FORBIDDEN'],
        ])
    const { version } = (await ask(one(), bearer(reader.accessToken), '{ me { version } }')).data.me
    expect(verdicts(await ask(one(), bearer(reader.accessToken), changeName, { version }))).toEqual([
      403,
      ['FORBIDDEN'],
    ])
    expect(verdicts(await ask(other(), bearer(reader.accessToken), 'mutation { signOut { sessionId } }'))[0]).toBe(403)
    const changed = await ask(other(), bearer(writer.accessToken), changeName, { version })
    expect(changed.data).toEqual({ updateProfile: { user: { displayName: 'Ada L.' } } })
  })

  const whereSubgraphsListen = topology === 'distributed' ? it : () => {}
  whereSubgraphsListen('are refused by the subgraphs too, asked past the gateway', async () => {
    const { signingKey } = house().secrets
    const seal = createSealer({ issuer: 'gateway', privateKey: signingKey('gateway'), clock: systemClock })
    const askSubgraph = async (subgraph: string, query: string, principal: UserPrincipal) => {
      const answer = await fetch(house().subgraphUrls[subgraph] ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'latchkey-principal': await seal(principal, subgraph) },
        body: JSON.stringify({ query }),
      })
      const { errors = [] } = (await answer.json()) as { errors?: { extensions: { code: string } }[] }
      return errors.map(({ extensions }) => extensions.code)
    }
    const scopes = ['profile:read', 'profile:write', 'orders:read']
    const acts = (write: boolean) =>
      aUser({ userId: ada.userId, scopes, amr: [], authTime: 0, act: { sub: 'usr_staff', write } })
    for (const principal of [acts(false), acts(true)])
      for (const [subgraph, operation] of forbidden)
        expect([operation, await askSubgraph(subgraph, operation, principal)]).toEqual([operation, ['FORBIDDEN']])
    expect(await askSubgraph('users', '{ me { id } }', acts(false))).toEqual([])
    const rename = 'mutation { updateProfile(input: { displayName: "Ada", version: 1000 }) { user { id } } }'
    expect(await askSubgraph('users', rename, acts(false))).toEqual(['FORBIDDEN'])
    expect(await askSubgraph('users', rename, acts(true))).toEqual(['CONFLICT'])
  })

  it('act for nobody who administers, and not for themselves', async () => {
    const staff = await aStaffMember()
    expect(verdicts(await impersonate(staff.accessToken, false, admin().userId))).toEqual([200, ['FORBIDDEN']])
    expect(verdicts(await impersonate(staff.accessToken, false, staff.userId))).toEqual([200, ['FORBIDDEN']])
    const colleague = await aStaffMember()
    expect(codesOf(await impersonate(staff.accessToken, false, colleague.userId))).toEqual(['FORBIDDEN'])
    expect(codesOf(await impersonate(staff.accessToken, false, 'usr_0000000000000000000000'))).toEqual(['NOT_FOUND'])
  })

  it.each<[string, (staff: SignedIn, sessionId: string) => Promise<unknown>]>([
    ['they end it', (staff, id) => ask(other(), bearer(staff.accessToken), end, { id })],
    ['they sign out', (staff) => ask(other(), bearer(staff.accessToken), 'mutation { signOut { sessionId } }')],
    ['they are demoted', ({ userId }) => asAdmin(roleOperation('revokeRole'), { userId, role })],
    ['they are suspended', ({ userId }) => asAdmin(suspend, { id: userId })],
    [
      'the person ends it',
      (_staff, id) =>
        ask(other(), bearer(ada.accessToken), 'mutation ($id: ID!) { revokeSession(id: $id) { sessionId } }', { id }),
    ],
  ])('are out with the next request, at both gateways, once %s', async (_what, change) => {
    const staff = await aStaffMember()
    const { accessToken, sessionId } = await acting(staff)
    for (const gateway of house().gateways)
      expect(codesOf(await ask(gateway, bearer(accessToken), '{ me { id } }'))).toEqual([])
    await change(staff, sessionId)
    for (const gateway of house().gateways)
      expect(verdicts(await ask(gateway, bearer(accessToken), '{ me { id } }'))).toEqual([401, ['CREDENTIAL_REJECTED']])
  })
}
