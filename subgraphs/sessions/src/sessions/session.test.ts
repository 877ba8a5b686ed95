import { dayMs } from '@latchkey/clock'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { anonymous } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { expect, it } from 'vitest'
import { beginSession, isLive, isWithinReach, sessionTerms as terms } from './session.ts'

const proof = { userId: 'usr_ada', amr: ['pwd'], acr: 'aal1', epoch: 0 } as const

const begun = () => {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const session = beginSession(proof, { clock, entropy: seededEntropy(), terms, userAgent: 'curl/8' })
  return { clock, session, nowMs: () => clock.now().getTime() }
}

it('begins now, with what was proved, on a named device', () => {
  const { session, nowMs } = begun()
  expect(session).toMatchObject({ ...proof, authTimeMs: nowMs(), createdAtMs: nowMs(), lastSeenAtMs: nowMs() })
  expect(session.device).toBe('curl/8')
  expect(session.sessionId).toMatch(/^ses_[0-9A-Za-z]{22}$/)
})

it('lives until it has been idle for seven days, and has ended from that instant', () => {
  const { session, clock, nowMs } = begun()
  clock.advance(7 * dayMs - 1)
  expect(isLive(session, nowMs(), terms)).toBe(true)
  clock.advance(1)
  expect(isLive(session, nowMs(), terms)).toBe(false)
})

it('ends thirty days after the sign-in, however much it is used', () => {
  const { session, clock, nowMs } = begun()
  clock.advance(30 * dayMs - 1)
  expect(isLive({ ...session, lastSeenAtMs: nowMs() }, nowMs(), terms)).toBe(true)
  clock.advance(1)
  expect(isLive({ ...session, lastSeenAtMs: nowMs() }, nowMs(), terms)).toBe(false)
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
