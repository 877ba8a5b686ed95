import { describe, expect, it } from 'vitest'
import {
  effectOf,
  enrolledFactors,
  type FactorState,
  meetsDemand,
  provedByPasskey,
  provedLikePasskey,
  refuseLoss,
} from './second-factor.ts'

const nothing: FactorState = {
  ...{ totp: false, passkeys: 0, emailCodes: false },
  ...{ grantsEpoch: 1, hasPassword: true, passwordNeedsFactor: false, recoveryCodesLeft: 0, demanded: false },
}
const withApp = { ...nothing, totp: true, recoveryCodesLeft: 10 }
const withPasskey = { ...nothing, passkeys: 1, recoveryCodesLeft: 10 }

describe('enrolled factors', () => {
  it('are told the strongest first', () => {
    const all = { ...nothing, totp: true, passkeys: 2, emailCodes: true, recoveryCodesLeft: 3 }
    expect(enrolledFactors(all)).toEqual(['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'])
  })

  it('are without codes by mail where a role asks for more than a mailbox, and there is more', () => {
    const byMail = { ...nothing, emailCodes: true, demanded: true }
    expect(enrolledFactors({ ...byMail, totp: true })).toEqual(['TOTP'])
    expect(enrolledFactors({ ...byMail, passkeys: 1 })).toEqual(['PASSKEY'])
    expect(enrolledFactors(byMail)).toEqual(['EMAIL_CODE'])
  })

  it('are none where only recovery codes are left over', () => {
    expect(enrolledFactors({ ...nothing, recoveryCodesLeft: 4 })).toEqual([])
  })

  it('do without recovery codes once they are used up', () => {
    expect(enrolledFactors({ ...withApp, recoveryCodesLeft: 0 })).toEqual(['TOTP'])
  })
})

describe('a change', () => {
  it('brings recovery codes with the first factor and ends the other sessions', () => {
    expect(effectOf(nothing, withApp)).toEqual({ recoveryCodes: 'issue', otherSessions: 'end' })
    expect(effectOf(withApp, { ...withApp, passkeys: 1 })).toEqual({ recoveryCodes: 'keep', otherSessions: 'keep' })
  })

  it('drops them with the last', () => {
    expect(effectOf(withApp, nothing)).toEqual({ recoveryCodes: 'drop', otherSessions: 'keep' })
  })
})

describe('a loss', () => {
  const codeOf = (before: FactorState, after: FactorState) => {
    try {
      refuseLoss(before, after)
      return 'fine'
    } catch (problem) {
      return (problem as { code: string }).code
    }
  }

  it('is refused where nothing would be left to sign in with', () => {
    expect(codeOf({ ...withPasskey, hasPassword: false }, nothing)).toBe('CONFLICT')
    expect(codeOf({ ...withPasskey, hasPassword: false, passkeys: 2 }, withPasskey)).toBe('fine')
    expect(codeOf(withPasskey, nothing)).toBe('fine')
  })

  it('is refused where the password is too short to stand alone, beside which a code by mail does not count', () => {
    const short = { ...withApp, passwordNeedsFactor: true }
    expect(codeOf(short, { ...nothing, emailCodes: true })).toBe('CONFLICT')
    expect(codeOf(short, withPasskey)).toBe('fine')
    expect(codeOf({ ...nothing, emailCodes: true, passwordNeedsFactor: true }, nothing)).toBe('fine')
  })

  it('is refused where a role demands a factor, which a code by mail is not', () => {
    expect(codeOf({ ...withApp, demanded: true }, { ...nothing, emailCodes: true })).toBe('CONFLICT')
    expect(codeOf({ ...withApp, demanded: true }, withPasskey)).toBe('fine')
    expect(codeOf({ ...nothing, emailCodes: true, demanded: true }, nothing)).toBe('fine')
    expect(meetsDemand({ totp: false, passkeys: 0 })).toBe(false)
  })
})

describe('a session', () => {
  it.each([
    [['hwk', 'user'], true, true],
    [['pwd', 'otp'], false, true],
    [['pwd', 'mca'], false, false],
    [['otp'], false, false],
    [['pwd'], false, false],
  ] as const)('of %j is by passkey: %s, as strong as one: %s', (amr, byPasskey, likePasskey) => {
    expect([provedByPasskey({ amr }), provedLikePasskey({ amr })]).toEqual([byPasskey, likePasskey])
  })
})
