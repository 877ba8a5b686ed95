import { describe, expect, it } from 'vitest'
import type { ApiKeyRecord, GrantsRecord } from '../records/credential-records.ts'
import { keyRefusals, refuseKey } from './key-refusal.ts'
import { judgeKey, type KeyQuestion } from './key-verdict.ts'

const nowMs = Date.parse('2030-01-01T00:00:00Z')

const key: ApiKeyRecord = {
  ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: '', pepperId: 'p', scopes: [] },
  confinement: { networks: ['192.0.2.0/24'], origins: ['https://app.example.com'] },
  environment: 'live',
  ...{ expiresAtMs: nowMs + 1, disabledAtMs: null, revokedAtMs: null, successorId: 'Key000000002' },
}
const grants: GrantsRecord = { userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: [] }
const fine: KeyQuestion = {
  ...{ key, secret: 'proved', grants, environment: 'live', nowMs },
  ...{ address: '192.0.2.1', origin: 'https://app.example.com' },
}

type Fault = (question: KeyQuestion) => KeyQuestion
const ofKey =
  (change: Partial<ApiKeyRecord>): Fault =>
  (question) => ({ ...question, key: question.key && { ...question.key, ...change } })
const ofGrants =
  (change: Partial<GrantsRecord>): Fault =>
  (question) => ({ ...question, grants: { ...grants, ...change } })

/** In the order in which they are told. */
const faults: readonly (readonly [string, Fault])[] = [
  ['NOT_FOUND', (question) => ({ ...question, secret: 'wrong' })],
  ['DISABLED', ofKey({ disabledAtMs: nowMs - 1 })],
  ['OWNER_SUSPENDED', ofGrants({ active: false })],
  ['REVOKED', ofKey({ revokedAtMs: nowMs })],
  ['ROTATED', ofKey({ expiresAtMs: nowMs })],
  ['IP_DENIED', (question) => ({ ...question, address: '198.51.100.1' })],
  ['ORIGIN_DENIED', (question) => ({ ...question, origin: 'https://evil.example' })],
]
const pairs = faults.flatMap(([earlier, one], at) =>
  faults.slice(at + 1).map(([later, other]) => [earlier, later, one, other] as const),
)

it('is nothing for a key at which nothing is wrong', () => {
  expect(judgeKey(fine)).toBeNull()
})

it.each(faults)('is %s where that alone is wrong', (code, fault) => {
  expect(judgeKey(fault(fine))).toBe(code)
})

it.each(pairs)('is %s where %s is wrong too', (earlier, _later, one, other) => {
  expect(judgeKey(one(other(fine)))).toBe(earlier)
  expect(judgeKey(other(one(fine)))).toBe(earlier)
})

it('stands in the order of the list, each code of it', () => {
  const listed = Object.keys(keyRefusals)
  const places = faults.map(([code]) => listed.indexOf(code))
  expect(places).toEqual([...places].sort((a, b) => a - b))
  expect(places).not.toContain(-1)
})

describe('a key', () => {
  it('is not found when there is none, or it belongs to the other environment', () => {
    expect(judgeKey({ ...fine, key: null })).toBe('NOT_FOUND')
    expect(judgeKey({ ...fine, environment: 'test' })).toBe('NOT_FOUND')
  })

  it('is over at the millisecond it expires: rotated when another took its place, else expired', () => {
    expect(judgeKey({ ...fine, nowMs: nowMs + 1 })).toBe('ROTATED')
    for (const successorId of [null, undefined]) {
      const { successorId: _, ...alone } = key
      const unrotated = { ...alone, ...(successorId === null && { successorId }) }
      expect(judgeKey({ ...fine, key: unrotated, nowMs: nowMs + 1 })).toBe('EXPIRED')
    }
    expect(judgeKey(ofKey({ expiresAtMs: null })(fine))).toBeNull()
  })

  it.each<[string, Partial<GrantsRecord> | null]>([
    ['has no account', null],
    ['is another one', { userId: 'usr_eve' }],
    ['is suspended', { active: false }],
    ['was active until now', { activeUntilMs: nowMs }],
    ['has keys in doubt', { keysDoubted: true }],
  ])('speaks for nobody whose owner %s', (_, change) => {
    expect(judgeKey(change ? ofGrants(change)(fine) : { ...fine, grants: null })).toBe('OWNER_SUSPENDED')
  })

  it('with networks is refused where the address is not known, and without them is not asked for one', () => {
    expect(judgeKey({ ...fine, address: undefined })).toBe('IP_DENIED')
    expect(judgeKey({ ...ofKey({ confinement: {} })(fine), address: undefined, origin: undefined })).toBeNull()
  })

  it('with origins is refused to who names none, and to one that only looks like its own', () => {
    const near = ['https://app.example.com.evil.example', 'http://app.example.com', 'https://app.example.com/', 'null']
    for (const origin of [undefined, ...near]) expect(judgeKey({ ...fine, origin })).toBe('ORIGIN_DENIED')
  })
})

it('tells whoever was refused why, and what to do', () => {
  expect(refuseKey('ROTATED', 'key x').extensions).toEqual({ code: 'CREDENTIAL_REJECTED', reason: 'ROTATED' })
  expect(refuseKey('THROTTLED', undefined, { retryAfterMs: 7 }).extensions).toEqual({
    ...{ code: 'RATE_LIMITED', reason: 'THROTTLED', retryAfterMs: 7 },
  })
})
