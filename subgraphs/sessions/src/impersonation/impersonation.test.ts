import { dayMs, minuteMs } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  auditOf,
  codesOf,
  type Installation,
  install,
  type Pair,
  personOf,
  type RunningSessions,
  signedIn,
  storeKinds,
} from '../application.fixture.ts'

const begin = `mutation ($input: ImpersonateUserInput!) {
  impersonateUser(input: $input) { accessToken expiresAt sessionId }
}`
const reason = 'ticket 4711: cannot see the orders'

describe.each(storeKinds)('impersonation, sessions in %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  let own: Pair
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
    own = await signedIn(here, { email: 'eve@example.org', password: 'correct horse' })
  })
  afterEach(() => house.stop())

  const nowS = () => house.clock.now().getTime() / 1_000
  const staff = (scopes = ['sessions:impersonate']) =>
    personOf(own, { scopes, acr: 'aal2', authTime: nowS(), roles: ['support'] })
  const impersonate = (input: object, principal = staff()) =>
    here.ask(begin, { principal, variables: { input: { userId: 'usr_ada', reason, ...input } } })
  const begun = async (input: object = {}, principal = staff()) => {
    const { data, errors } = await impersonate(input, principal)
    if (!data?.impersonateUser) throw new Error(JSON.stringify(errors))
    return data.impersonateUser as { accessToken: string; expiresAt: string; sessionId: string }
  }
  const end = (sessionId: string, principal = staff()) =>
    here.ask('mutation ($id: ID!) { endImpersonation(sessionId: $id) { sessionId } }', {
      principal,
      variables: { id: sessionId },
    })
  const listed = async (principal: Principal) => {
    const of = { of: [{ __typename: 'User', id: 'usr_ada' }] }
    const query = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { sessions { id device impersonatedBy } } } }`
    const { data } = await here.ask(query, { principal, variables: of })
    return (data?._entities as { sessions: readonly object[] }[] | undefined)?.[0]?.sessions
  }
  const grants = { userId: 'usr_eve', epoch: 1, active: true, roles: ['support'] }
  const record = async (sessionId: string) => (await house.records.session(sessionId, 'usr_ada')).session

  it('is a session of the person in the staff member’s hands: thirty minutes, read-only, without a refresh token', async () => {
    house.users.sessionEpoch = 7
    const { accessToken, expiresAt, sessionId } = await begun()
    expect(expiresAt).toBe('2030-01-01T00:30:00.000Z')
    expect(decodeJwt(accessToken)).toMatchObject({
      ...{ sub: 'usr_ada', sid: sessionId, act: { sub: 'usr_eve' }, acr: 'aal1', amr: [], auth_time: 0 },
      exp: Date.parse(expiresAt) / 1_000,
    })
    expect(await record(sessionId)).toMatchObject({
      ...{ userId: 'usr_ada', epoch: 7, endsAtMs: Date.parse(expiresAt) },
      act: { sub: 'usr_eve', sid: own.session.id, write: false, epoch: 1 },
    })
    expect(house.users.notedImpersonations).toEqual([{ userId: 'usr_ada', staffId: 'usr_eve', write: false }])
  })

  it('is on record with both names, the reason and what was asked for', async () => {
    const { sessionId } = await begun()
    house.clock.advance(1)
    await end(sessionId)
    const both = { target: sessionId, actor_kind: 'user', actor_id: 'usr_eve', on_behalf_of: 'usr_ada' }
    const records = (await auditOf(house)).filter(({ target }) => target === sessionId)
    expect(records).toMatchObject([
      { ...both, action: 'session.begin' },
      { ...both, action: 'session.end' },
    ])
    const [{ detail } = { detail: {} }] = await house.database.query<{ detail: object }>(
      { name: 'test_detail', text: 'SELECT detail FROM sessions.audit_records WHERE target = $1 ORDER BY at, id' },
      [sessionId],
    )
    expect(detail).toMatchObject({ userId: 'usr_ada', write: false, reason })
  })

  it('is seen by the person among their sessions, and ended by them', async () => {
    const pair = await signedIn(here)
    const { sessionId } = await begun()
    const ada = personOf(pair)
    const shown = await listed(ada)
    expect(shown).toContainEqual({ id: sessionId, device: 'Support staff', impersonatedBy: 'usr_eve' })
    expect(shown).toContainEqual(expect.objectContaining({ id: pair.session.id, impersonatedBy: null }))
    await here.ask('mutation { revokeOtherSessions { sessionIds } }', { principal: ada })
    expect(await record(sessionId)).toBeNull()
  })

  it.each(['REFUSE', 'END_OLDEST'] as const)(
    'takes no session from the person, where one more is to %s',
    async (onExcess) => {
      house.users.sessionLimit = { max: 2, onExcess }
      const first = await signedIn(here)
      const { sessionId } = await begun()
      house.clock.advance(1)
      const second = await signedIn(here)
      for (const id of [first.session.id, second.session.id, sessionId]) expect(await record(id)).not.toBeNull()
    },
  )

  it('ends when the staff member says so, and nobody else', async () => {
    const { sessionId } = await begun()
    const other = aUser({ userId: 'usr_other', scopes: ['sessions:impersonate'] })
    expect(codesOf(await end(sessionId, other))).toEqual(['NOT_FOUND'])
    expect(codesOf(await end((await signedIn(here)).session.id))).toEqual(['NOT_FOUND'])
    expect(codesOf(await end(sessionId))).toEqual([])
    expect(codesOf(await end(sessionId))).toEqual(['NOT_FOUND'])
    expect(await record(sessionId)).toBeNull()
  })

  it('is out of the list with what ends it', async () => {
    const { sessionId } = await begun()
    const shown = () => listed(personOf(own, { scopes: ['sessions:admin'] }))
    expect(await shown()).toMatchObject([{ id: sessionId }])
    await house.records.putGrants({ ...grants, epoch: 2, scopes: [] })
    expect(await shown()).toEqual([])
    // Demoted and promoted again, they begin anew.
    await house.records.putGrants({ ...grants, epoch: 3, scopes: ['sessions:impersonate'] })
    expect(await shown()).toEqual([])
    const { sessionId: again } = await begun()
    expect(await shown()).toMatchObject([{ id: again }])
    await here.ask('mutation { signOut { sessionId } }', { principal: staff() })
    expect(await shown()).toEqual([])
  })

  it('does not outlive the staff member’s own session', async () => {
    for (let days = 6; days <= 24; days += 6) {
      house.clock.advance(dayMs * 6)
      await house.records.touchSession(own.session.id, { atMs: house.clock.now().getTime(), network: null })
    }
    house.clock.advance(dayMs * 6 - 10 * minuteMs)
    expect((await begun()).expiresAt).toBe('2030-01-31T00:00:00.000Z')
  })

  it.each<[string, string, object, string[]?]>([
    ['an unknown account', 'NOT_FOUND', { userId: 'usr_unknown' }],
    ['whoever administers', 'FORBIDDEN', { userId: 'usr_admin' }],
    ['oneself', 'FORBIDDEN', { userId: 'usr_eve' }],
    ['no reason', 'BAD_USER_INPUT', { reason: '          x          ' }],
    ['a reason that is a novel', 'BAD_USER_INPUT', { reason: 'x'.repeat(501) }],
    ['a reason that cannot be kept', 'BAD_USER_INPUT', { reason: `${reason}\u0000` }],
    ['a reason of half a character', 'BAD_USER_INPUT', { reason: `${reason}\ud800` }],
    ['writing without the scope', 'FORBIDDEN', { write: true }],
    ['no scope', 'FORBIDDEN', {}, ['users:read', 'sessions:admin']],
  ])('is refused for %s: %s', async (_what, code, input, scopes) => {
    expect(codesOf(await impersonate(input, staff(scopes)))).toEqual([code])
    expect(house.users.notedImpersonations).toEqual([])
  })

  it('writes where the staff member may', async () => {
    const { sessionId } = await begun({ write: true }, staff(['sessions:impersonate', 'sessions:impersonate:write']))
    expect((await record(sessionId))?.act?.write).toBe(true)
  })

  it('takes two factors in the last ten minutes, and a person as themselves', async () => {
    const weak = [
      { ...staff(), acr: 'aal1' as const },
      { ...staff(), authTime: nowS() - 601 },
    ]
    for (const principal of weak) expect(codesOf(await impersonate({}, principal))).toEqual(['STEP_UP_REQUIRED'])
    const acting = { ...staff(), act: { sub: 'usr_other', write: true } }
    expect(codesOf(await impersonate({}, acting))).toEqual(['FORBIDDEN'])
    expect(codesOf(await end('ses_unknown', acting))).toEqual(['FORBIDDEN'])
  })

  it('cannot begin when nobody can say whether it may', async () => {
    house.users.state = 'overloaded'
    expect(codesOf(await impersonate({}))).toEqual(['UNAVAILABLE'])
  })
})
