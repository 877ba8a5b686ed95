import { dayMs } from '@latchkey/clock'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { anonymous } from '@latchkey/principal'
import { isLive } from '@latchkey/principal/credential-records'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { expect, it } from 'vitest'
import { beginSession, isWithinReach, type Lasting, sessionTerms as terms } from './session.ts'

const proof = { userId: 'usr_ada', amr: ['pwd'], acr: 'aal1', epoch: 0 } as const

const begun = (lasting?: Lasting) => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const place = { userAgent: 'curl/8', address: '192.0.2.7' }
  const wished = lasting ? { ...proof, lasting } : proof
  const session = beginSession(wished, { clock, entropy: seededEntropy(), terms, ...place })
  return { clock, session, nowMs: () => clock.now().getTime() }
}

it('begins now, with what was proved, on a named device in a coarse place', () => {
  const { session, nowMs } = begun()
  expect(session).toMatchObject({ ...proof, authTimeMs: nowMs(), createdAtMs: nowMs(), lastSeenAtMs: nowMs() })
  expect(session).toMatchObject({ device: 'curl/8', network: '192.0.2.0/24', lastNetwork: '192.0.2.0/24' })
  expect(session.sessionId).toMatch(/^ses_[0-9A-Za-z]{22}$/)
})

it.each([
  [undefined, 7, 30],
  ['usual', 7, 30],
  ['remembered', 30, 90],
] as const)(
  'that lasts as %s lives until it has been unused for %i days, and for %i at most',
  (lasting, idle, most) => {
    const { session, clock, nowMs } = begun(lasting)
    clock.advance(idle * dayMs - 1)
    expect(isLive(session, nowMs())).toBe(true)
    clock.advance(1)
    expect(isLive(session, nowMs())).toBe(false)
    clock.advance((most - idle) * dayMs - 1)
    expect(isLive({ ...session, lastSeenAtMs: nowMs() }, nowMs())).toBe(true)
    clock.advance(1)
    expect(isLive({ ...session, lastSeenAtMs: nowMs() }, nowMs())).toBe(false)
  },
)

it('that was written before sessions said how long they may be unused lives for seven days', () => {
  const { session, clock, nowMs } = begun('remembered')
  const { idleMs: _, ...older } = session
  clock.advance(7 * dayMs - 1)
  expect(isLive(older, nowMs())).toBe(true)
  clock.advance(1)
  expect(isLive(older, nowMs())).toBe(false)
})

it.each([
  ['its owner', aUser(), true],
  ['a key of its owner', anApiKey(), true],
  ['another person', aUser({ userId: 'usr_eve' }), false],
  ['a key of another person', anApiKey({ ownerId: 'usr_eve' }), false],
  ['an administrator', aUser({ userId: 'usr_root', scopes: ['sessions:admin'] }), true],
  ['nobody', anonymous, false],
  ['a service', aService('gateway'), false],
])('tells whether a session is within the reach of %s', (_who, principal, within) => {
  expect(isWithinReach(principal, 'usr_ada')).toBe(within)
})
