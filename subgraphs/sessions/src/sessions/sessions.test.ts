import { dayMs, minuteMs } from '@latchkey/clock'
import { anApiKey } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  auditOf,
  codesOf,
  correct,
  type Installation,
  install,
  personOf,
  type RunningSessions,
  refresh,
  resultOf,
  signedIn,
  signIn,
  storeKinds,
} from '../application.fixture.ts'

const listQuery = `query ($of: [_Any!]!) { _entities(representations: $of) {
  ... on User { id sessions { id device createdAt lastSeenAt current } } } }`
const adaOnly = { of: [{ __typename: 'User', id: 'usr_ada' }] }
const eve = { email: 'eve@example.org', password: 'correct horse' }

describe.each(storeKinds)('sessions, on %s', (kind) => {
  let house: Installation
  let here: RunningSessions
  beforeEach(async () => {
    house = await install(kind)
    here = await house.startProcess()
  })
  afterEach(() => house.stop())

  const revoke = (id: string) => `mutation { revokeSession(id: "${id}") { sessionId } }`

  it('are listed newest first, with the one in use marked', async () => {
    const laptop = await signedIn(here)
    house.clock.advance(minuteMs)
    const phone = await signedIn(here)
    const { data } = await here.ask(listQuery, { principal: personOf(laptop), variables: adaOnly })
    const at = (iso: string) => ({ device: 'Unknown device', createdAt: iso, lastSeenAt: iso })
    const sessions = [
      { id: phone.session.id, ...at('2030-01-01T00:01:00.000Z'), current: false },
      { id: laptop.session.id, ...at('2030-01-01T00:00:00.000Z'), current: true },
    ]
    expect(data).toEqual({ _entities: [{ id: 'usr_ada', sessions }] })
  })

  it('tell their person how, when and where they began, where they were used last, and when they end', async () => {
    const [home, train] = [
      { address: '192.0.2.7', userAgent: 'curl/8' },
      { address: '2001:db8:1:2::3', userAgent: '' },
    ]
    const pair = resultOf(await signIn(here, { ...correct, rememberMe: true }, home))
    house.clock.advance(dayMs)
    await refresh(here, pair.refreshToken, train)
    const query = '{ session { device network lastNetwork expiresAt amr acr authTime lastSeenAt } }'
    expect((await here.ask(query, { principal: personOf(pair) })).data).toEqual({
      session: {
        ...{ device: 'curl/8', network: '192.0.2.0/24', lastNetwork: '2001:db8:1::/48', amr: ['pwd'], acr: 'aal1' },
        ...{ authTime: '2030-01-01T00:00:00.000Z', lastSeenAt: '2030-01-02T00:00:00.000Z' },
        expiresAt: '2030-02-01T00:00:00.000Z',
      },
    })
  })

  it('leave the list when they have ended', async () => {
    await signedIn(here)
    house.clock.advance(7 * dayMs - 1)
    const later = await signedIn(here)
    house.clock.advance(1)
    const { data } = await here.ask(listQuery, { principal: personOf(later), variables: adaOnly })
    expect(data).toMatchObject({ _entities: [{ sessions: [{ id: later.session.id }] }] })
  })

  it('leave the list, and are not there, when their account has ended them', async () => {
    const [kept, lost] = [await signedIn(here), await signedIn(here)]
    const ended = { sessionEpoch: 1, sessionKept: kept.session.id }
    await house.records.putGrants({ userId: 'usr_ada', epoch: 2, active: true, roles: [], scopes: [], ...ended })
    const { data } = await here.ask(listQuery, { principal: personOf(kept), variables: adaOnly })
    expect(data).toMatchObject({ _entities: [{ sessions: [{ id: kept.session.id }] }] })
    expect(codesOf(await here.ask(revoke(lost.session.id), { principal: personOf(kept) }))).toEqual(['NOT_FOUND'])
  })

  it('are shown to their person and to an administrator, and to a key without a mark on any', async () => {
    await signedIn(here)
    const key = anApiKey({ scopes: ['sessions:read'] })
    const { data } = await here.ask(listQuery, { principal: key, variables: adaOnly })
    expect(data).toMatchObject({ _entities: [{ sessions: [{ current: false }] }] })
    expect((await here.ask('{ session { id } }', { principal: key })).data).toEqual({ session: null })
  })

  it('know the one a request is made with', async () => {
    const pair = await signedIn(here)
    const { data } = await here.ask('{ session { id current } }', { principal: personOf(pair) })
    expect(data).toEqual({ session: { id: pair.session.id, current: true } })
  })

  it('end at once when revoked, and are not there to be revoked again', async () => {
    const [mine, lost] = [await signedIn(here), await signedIn(here)]
    const principal = personOf(mine)
    const { data } = await here.ask(revoke(lost.session.id), { principal })
    expect(data).toEqual({ revokeSession: { sessionId: lost.session.id } })
    expect((await house.records.session(lost.session.id, 'usr_ada')).session).toBeNull()
    expect(codesOf(await here.ask(revoke(lost.session.id), { principal }))).toEqual(['NOT_FOUND'])
  })

  it('are revoked once when many ask at once', async () => {
    const [mine, lost] = [await signedIn(here), await signedIn(here)]
    const asked = Array.from({ length: 50 }, () => here.ask(revoke(lost.session.id), { principal: personOf(mine) }))
    const refused = (await Promise.all(asked)).filter(({ errors }) => errors)
    expect(refused).toHaveLength(49)
    expect((await auditOf(house)).filter(({ action }) => action === 'session.end')).toHaveLength(1)
  })

  it('are not revoked by somebody else, who cannot tell theirs from one that never was', async () => {
    const [ada, intruder] = [await signedIn(here), await signedIn(here, eve)]
    const principal = personOf(intruder)
    const [foreign, unknown] = [
      await here.ask(revoke(ada.session.id), { principal }),
      await here.ask(revoke('x'), { principal }),
    ]
    expect(codesOf(foreign)).toEqual(['NOT_FOUND'])
    expect(foreign).toEqual(unknown)
    expect((await house.records.session(ada.session.id, 'usr_ada')).session).not.toBeNull()
  })

  it('are revoked by an administrator, who is written down', async () => {
    const [ada, admin] = [await signedIn(here), await signedIn(here, eve)]
    const principal = personOf(admin, { scopes: ['sessions:admin'] })
    expect(codesOf(await here.ask(revoke(ada.session.id), { principal }))).toEqual([])
    expect((await auditOf(house)).filter(({ action }) => action === 'session.end')).toMatchObject([
      {
        ...{ action: 'session.end', outcome: 'revoked', target: ada.session.id },
        ...{ actor_kind: 'user', actor_id: 'usr_eve' },
      },
    ])
  })

  it('end all but the one in use', async () => {
    const [mine, ...others] = [await signedIn(here), await signedIn(here), await signedIn(here)]
    const stranger = await signedIn(here, eve)
    const { data } = await here.ask('mutation { revokeOtherSessions { sessionIds } }', { principal: personOf(mine) })
    const sessionIds = expect.arrayContaining(others.map(({ session }) => session.id))
    expect(data).toEqual({ revokeOtherSessions: { sessionIds } })
    for (const { session } of others) expect((await house.records.session(session.id, '')).session).toBeNull()
    for (const { session } of [mine, stranger])
      expect((await house.records.session(session.id, '')).session).not.toBeNull()
    expect((await auditOf(house)).filter(({ outcome }) => outcome === 'revoked')).toHaveLength(2)
  })

  it('end all, the one in use included', async () => {
    const [one, two] = [await signedIn(here), await signedIn(here)]
    const { data } = await here.ask('mutation { revokeAllSessions { sessionIds } }', { principal: personOf(one) })
    expect(data).toMatchObject({ revokeAllSessions: { sessionIds: { length: 2 } } })
    for (const { session } of [one, two]) expect((await house.records.session(session.id, '')).session).toBeNull()
  })

  it('of somebody else end all for an administrator only', async () => {
    const [ada, other] = [await signedIn(here), await signedIn(here, eve)]
    const endAdas = 'mutation { revokeAllSessions(userId: "usr_ada") { sessionIds } }'
    expect(codesOf(await here.ask(endAdas, { principal: personOf(other) }))).toEqual(['NOT_FOUND'])
    expect((await house.records.session(ada.session.id, '')).session).not.toBeNull()
    const admin = personOf(other, { scopes: ['sessions:admin'] })
    expect((await here.ask(endAdas, { principal: admin })).data).toEqual({
      revokeAllSessions: { sessionIds: [ada.session.id] },
    })
  })

  it('end when signed out of; to sign out twice is as good as once', async () => {
    const pair = await signedIn(here)
    const signOut = () => here.ask('mutation { signOut { sessionId } }', { principal: personOf(pair) })
    expect((await signOut()).data).toEqual({ signOut: { sessionId: pair.session.id } })
    expect((await house.records.session(pair.session.id, 'usr_ada')).session).toBeNull()
    expect(codesOf(await signOut())).toEqual([])
    expect((await auditOf(house)).filter(({ outcome }) => outcome === 'signed-out')).toHaveLength(1)
  })
})
