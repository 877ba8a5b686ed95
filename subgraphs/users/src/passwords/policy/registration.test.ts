import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aMember, register, startUsers, type UsersUnderTest } from '../../application.fixture.ts'
import { breachDigest } from './breached-passwords.ts'

const breached = 'a breached horse battery'
const asked: string[] = []
const server = createServer(({ url = '' }, response) => {
  asked.push(url)
  response.end(`${breachDigest(breached).slice(5)}:7\r\n`)
})
let under: UsersUnderTest
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`
  under = await startUsers({ breachedPasswords: { source: { kind: 'online', url }, whenUnknown: 'allow' } })
  await aMember(under.users, 'known@example.com')
  await register(under.users, 'waiting@example.com')
})
afterAll(async () => {
  await under.close()
  server.closeAllConnections()
  server.close()
})

/** What a registration was answered, and how much it asked of the range service and of the database. */
async function traceOf(email: string, password: string) {
  const [ranges, from] = [asked.length, under.database.asked.length]
  const { data, errors } = await register(under.users, email, { password })
  const statements = under.database.asked.slice(from).filter((name) => !/^users_(outbox|mail|grants)_/.test(name))
  return { data, refused: errors?.map(({ extensions }) => extensions), ranges: asked.length - ranges, statements }
}

describe('a registration', () => {
  it.each([
    [
      'a breached password',
      breached,
      'was found in a breach of another site, where anyone can read it; choose another one',
      1,
    ],
    ['a common password', 'QWERTY123456', 'must not be one of the most common passwords; try a few unrelated words', 0],
    ['a short password', 'short', 'must be at least 12 characters', 0],
  ])(
    'with %s is refused alike for every address, before anything is looked up',
    async (_what, password, fault, ranges) => {
      const refused = [{ code: 'BAD_USER_INPUT', fields: { 'input.password': fault } }]
      for (const email of ['unknown@example.com', 'known@example.com', 'waiting@example.com'])
        expect(await traceOf(email, password)).toEqual({ data: null, refused, ranges, statements: [] })
    },
  )

  it('with a good password asks the range service once, whoever the address belongs to', async () => {
    const traces = []
    for (const email of ['unknown@example.com', 'known@example.com', 'waiting@example.com'])
      traces.push(await traceOf(email, 'an unheard horse battery'))
    expect(traces.map(({ ranges }) => ranges)).toEqual([1, 1, 1])
    expect(new Set(traces.map((trace) => JSON.stringify(trace))).size).toBe(1)
  })
})
