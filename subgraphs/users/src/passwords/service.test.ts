import { Writable } from 'node:stream'
import { systemEntropy } from '@latchkey/clock'
import { createKeyring } from '@latchkey/secrets'
import { createLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  aMember,
  check,
  mailsTo,
  register,
  rotated,
  startUsers,
  thePassword,
  tokenIn,
  type UsersUnderTest,
  verify,
} from '../application.fixture.ts'
import { judgeCandidate } from './service.ts'

const matched = (userId: string) => ({ data: { checkPassword: { outcome: 'MATCH', userId } } })
const noMatch = { data: { checkPassword: { outcome: 'NO_MATCH', userId: null } } }

describe('a candidate', () => {
  const candidate = { userId: 'usr_ada', active: true, emailVerified: true, sessionEpoch: 0, phc: '', pepperId: '' }
  it.each([
    ['matches', candidate, true, 'MATCH'],
    ['does not match with a wrong password', candidate, false, 'NO_MATCH'],
    ['does not match when suspended', { ...candidate, active: false }, true, 'NO_MATCH'],
    ['does not match before the address is confirmed', { ...candidate, emailVerified: false }, true, 'NO_MATCH'],
    ['does not match when there is none', null, true, 'NO_MATCH'],
  ] as const)('%s', (_what, given, matches, outcome) => {
    expect(judgeCandidate(given, matches).outcome).toBe(outcome)
  })
})

describe('checkPassword', () => {
  let under: UsersUnderTest
  const lines: string[] = []
  beforeAll(async () => {
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    under = await startUsers({ logger: createLogger({ level: 'trace', service: 'users', destination }) })
  })
  afterAll(() => under.close())

  it('matches the password of an account, however its address is spelled', async () => {
    const { userId } = await aMember(under.users, 'ada@example.com')
    expect(await check(under.users, ' ADA@example.com', thePassword)).toEqual(matched(userId))
  })

  it('answers alike for wrong, unknown, waiting, suspended and nonsensical', async () => {
    const { userId } = await aMember(under.users, 'suspended@example.com')
    await under.database.query(
      { name: 'test_suspend', text: `UPDATE users.accounts SET status = 'suspended' WHERE id = $1` },
      [userId],
    )
    await aMember(under.users, 'right@example.com')
    await register(under.users, 'waiting@example.com')
    const answers = [
      await check(under.users, 'right@example.com', 'wrong password'),
      await check(under.users, 'unknown@example.com', thePassword),
      await check(under.users, 'waiting@example.com', thePassword),
      await check(under.users, 'suspended@example.com', thePassword),
      await check(under.users, 'no address', thePassword),
      await check(under.users, 'right@example.com', 'x'.repeat(100_000)),
      await check(under.users, 'right@example.com', ''),
    ]
    expect(answers).toEqual(answers.map(() => noMatch))
  })

  it('finds an account after its index and its pepper were rotated, and lets nobody register it again', async () => {
    const { userId } = await aMember(under.users, 'rotated@example.com')
    const material = rotated(under.material, 'blind-index', 'password', 'data')
    const after = under.replica({ keyring: createKeyring(material, systemEntropy) })
    expect(await check(after, 'rotated@example.com', thePassword)).toEqual(matched(userId))
    await register(under.users, 'between@example.com')
    const token = tokenIn((await mailsTo(under.users, 'between@example.com'))[0]?.text)
    await aMember(after, 'between@example.com')
    expect(await verify(after, token)).toEqual({ data: { verifyEmail: { outcome: 'REFUSED' } } })
  })

  it('writes no password into the log, not even when the database fails', async () => {
    const secret = 'never to be seen in a log'
    await register(under.users, 'logged@example.com', { password: secret })
    await check(under.users, 'logged@example.com', secret)
    const broken = under.replica({
      database: {
        ...under.database,
        query: async () => {
          throw new Error('the database failed')
        },
      },
    })
    expect((await check(broken, 'logged@example.com', secret)).errors?.[0]?.extensions).toMatchObject({
      code: 'INTERNAL',
    })
    expect((await register(broken, 'logged@example.com', { password: secret })).errors).toBeDefined()
    expect(lines.join('')).toContain('the database failed')
    expect(lines.join('')).not.toContain(secret)
    expect(lines.join('')).not.toContain('logged@example.com')
  })
})
