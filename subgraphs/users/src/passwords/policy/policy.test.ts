import { Writable } from 'node:stream'
import { createLogger, silentLogger } from '@latchkey/telemetry'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { BreachedPasswords } from './breached-passwords.ts'
import { createCommonPasswords } from './common-passwords.ts'
import { createPasswordPolicy, type PolicyDependencies } from './policy.ts'

const common = createCommonPasswords()
const unbreached: BreachedPasswords = { timesSeen: async () => 0 }
const nobodyKnows: BreachedPasswords = { timesSeen: () => Promise.reject(new Error('no answer')) }

const policyWith = (own: Partial<PolicyDependencies> = {}) =>
  createPasswordPolicy({ common, breached: unbreached, whenUnknown: 'allow', logger: silentLogger, ...own })

const alone = { about: [], secondFactor: 'none' } as const
const withFactor = { about: [], secondFactor: 'enrolled' } as const

describe('a new password', () => {
  it.each(['abcdefghijkl', '1qaz2wsx3edc', 'QAZwsxEDCrfv', 'mailcreated5240', 'unbelievable', 'Administrator'])(
    'may not be one of the most common: %s',
    async (password) => {
      expect(await policyWith().faultOf(password, alone)).toContain('most common passwords')
    },
  )

  it.each(['correct horse battery staple', 'unbelievably\nlong', 'abcdefghijkl\nmnop'])(
    'may be %j',
    async (password) => {
      expect(await policyWith().faultOf(password, alone)).toBeNull()
    },
  )

  it('has eight characters beside a second factor, and twelve without', async () => {
    expect(await policyWith().faultOf('v9#Kq2!x', withFactor)).toBeNull()
    expect(await policyWith().faultOf('v9#Kq2!x', alone)).toBe('must be at least 12 characters')
    expect(await policyWith().faultOf('PassWord', withFactor)).toContain('most common passwords')
  })

  it('may not have been breached', async () => {
    const breached = { timesSeen: async (password: string) => (password === 'correct horse battery' ? 3 : 0) }
    expect(await policyWith({ breached }).faultOf('correct horse battery', alone)).toContain('found in a breach')
    expect(await policyWith({ breached }).faultOf('another horse battery', alone)).toBeNull()
  })

  it('is accepted when nobody can say whether it was, and the log says so without it', async () => {
    const lines: string[] = []
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = createLogger({ level: 'warn', service: 'users', destination })
    expect(await policyWith({ breached: nobodyKnows, logger }).faultOf('correct horse battery', alone)).toBeNull()
    expect(lines.join('')).toContain('breached passwords cannot be looked up')
    expect(lines.join('')).not.toContain('correct horse battery')
  })

  it('is UNAVAILABLE then, where that is wanted', async () => {
    const policy = policyWith({ breached: nobodyKnows, whenUnknown: 'refuse' })
    await expect(policy.faultOf('correct horse battery', alone)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('is neither normalised nor looked up when it is a megabyte', async () => {
    const breached = { timesSeen: () => expect.fail('asked') }
    const normalise = vi.spyOn(String.prototype, 'normalize')
    onTestFinished(() => normalise.mockRestore())
    const fault = await policyWith({ breached }).faultOf('\u0301'.repeat(500_000), alone)
    expect(fault).toBe('must be at most 128 characters')
    expect(normalise).not.toHaveBeenCalled()
  })
})
