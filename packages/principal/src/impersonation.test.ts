import { describe, expect, it } from 'vitest'
import { administers, mayGoOn, supportScopes } from './impersonation.ts'
import type { GrantsRecord, SessionRecord } from './records/credential-records.ts'

const ordinary = ['profile:read', 'profile:write', 'sessions:read', 'sessions:write', 'keys:read', 'keys:write']

it.each<[boolean, string[]]>([
  [false, ordinary],
  [false, [...ordinary, 'orders:read', 'users-of-orders:read', 'orders:admin']],
  [true, ['users:read']],
  [true, ['roles:anything:new']],
  [true, ['attempts:read']],
  [true, ['sessions:admin']],
  [true, ['keys:admin']],
  [true, ['sessions:impersonate']],
  [true, ['profile:admin']],
])('is %s of %j that they administer', (expected, scopes) => {
  expect(administers(scopes)).toBe(expected)
})

it('permits what both may do, and nothing that credentials hang on, whatever it is called', () => {
  const theirs = [...ordinary, 'orders:read', 'orders:write', 'vault:read', 'keys:new:thing']
  const staffs = [...ordinary, 'orders:read', 'orders:write', 'users:read', 'sessions:impersonate', 'keys:new:thing']
  expect(supportScopes(theirs, staffs)).toEqual(['profile:read', 'profile:write', 'orders:read', 'orders:write'])
})

describe('an impersonation', () => {
  const session: SessionRecord = {
    ...{ sessionId: 'ses_staff', userId: 'usr_staff', amr: ['pwd', 'otp'], acr: 'aal2', device: '', epoch: 3 },
    ...{ authTimeMs: 0, createdAtMs: 0, lastSeenAtMs: 0, endsAtMs: 1_000 },
  }
  const grants: GrantsRecord = {
    ...{ userId: 'usr_staff', epoch: 1, active: true, roles: ['support'], sessionEpoch: 3, sessionKept: null },
    scopes: ['sessions:impersonate'],
  }
  const goesOn = (
    write: boolean,
    staff: { session?: SessionRecord | null; grants?: GrantsRecord | null } = {},
    nowMs = 1,
  ) => mayGoOn({ write }, { session, grants, ...staff }, nowMs)
  const writer = { ...grants, scopes: ['sessions:impersonate', 'sessions:impersonate:write'] }

  it('goes on while the staff member is signed in and may', () => {
    expect([goesOn(false), goesOn(true), goesOn(true, { grants: writer })]).toEqual([true, false, true])
  })

  it('ends with any change of what the staff member is permitted, also one that is taken back', () => {
    const begun = (epoch: number, now: GrantsRecord) => mayGoOn({ write: false, epoch }, { session, grants: now }, 1)
    expect([begun(1, grants), begun(1, { ...grants, epoch: 3 }), begun(3, grants)]).toEqual([true, false, false])
  })

  it.each<[string, Parameters<typeof goesOn>[1], number?]>([
    ['their session has ended', { session: null }],
    ['their session is over', {}, 1_000],
    ['their account has ended its sessions', { grants: { ...grants, sessionEpoch: 4 } }],
    ['they are suspended', { grants: { ...grants, active: false } }],
    ['they were demoted', { grants: { ...grants, scopes: ['sessions:impersonate:write'] } }],
    ['nothing is known of them', { grants: null }],
  ])('ends when %s', (_why, staff, nowMs) => {
    expect(goesOn(false, staff, nowMs)).toBe(false)
  })
})
