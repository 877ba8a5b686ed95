import { systemEntropy as entropy } from '@latchkey/clock'
import { anonymous } from '@latchkey/principal'
import { createKeyring } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccountService } from '../accounts/service.ts'
import { aMember, hashCost, register, startUsers, thePassword, type UsersUnderTest } from '../application.fixture.ts'
import { causeOf } from '../audit/audit.ts'
import { createTools } from '../tools.ts'
import { vectors } from './foreign/foreign-vectors.fixture.ts'
import { createPasswordHasher } from './hasher.ts'
import { createHashingQueue } from './hashing-queue.ts'
import { createPasswordService } from './service.ts'
import { prismaPasswordStore } from './store.prisma.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
  await aMember(under.users, 'known@example.com')
  await aMember(under.users, 'suspended@example.com')
  await register(under.users, 'waiting@example.com')
  const suspend = { name: 'test_suspend_others', text: `UPDATE users.accounts SET status = 'suspended' WHERE id <> $1` }
  await under.database.query(suspend, [(await aMember(under.users, 'active@example.com')).userId])
})
afterAll(() => under.close())

/** The services as they are, with a queue that counts what passes through it. */
function countingServices() {
  const { database, records, clock, material } = under
  const keyring = createKeyring(material, entropy)
  const { run } = createHashingQueue({ parallel: 2, queueMax: 10 }, clock)
  const count = { hashes: 0 }
  const queue: typeof run = (task) => {
    count.hashes += 1
    return run(task)
  }
  const hasher = createPasswordHasher({ keyring, entropy, queue: { run: queue }, logger: silentLogger, hashCost })
  const tools = createTools({
    auditKeptDays: 400,
    ...{ database, records, keyring, clock, entropy, logger: silentLogger, mailer: 'undelivered' },
    hashing: { parallel: 2, queueMax: 10 },
    dataHolders: {},
    publicUrl: 'http://localhost:4000',
  })
  const passwords = createPasswordService({ ...tools, hasher, store: prismaPasswordStore(database) })
  const accounts = createAccountService({ ...tools, store: tools.accountStore, hasher, wakeOutbox: () => {} })
  return { passwords, accounts, count }
}

const cause = causeOf({ principal: anonymous, requestId: 'req_test' })

const addresses = ['unknown@example.com', 'waiting@example.com', 'known@example.com', 'suspended@example.com']

describe('exactly one hash is the price', () => {
  it.each(addresses)('of registering %s', async (email) => {
    const { accounts, count } = countingServices()
    await accounts.register({ email, password: thePassword, displayName: 'Ada' }, cause)
    expect(count.hashes).toBe(1)
  })

  it.each([...addresses, 'active@example.com', 'no address'])('of checking a password for %s', async (email) => {
    const { passwords, count } = countingServices()
    await passwords.check({ email, password: thePassword }, cause)
    await passwords.check({ email, password: 'wrong' }, cause)
    await passwords.check({ email, password: 'x'.repeat(10_000) }, cause)
    expect(count.hashes).toBe(3)
  })
})

describe('one turn in the queue is the price', () => {
  it('of checking a foreign hash, and one more of replacing it', async () => {
    const { passwords, count } = countingServices()
    const { userId } = await aMember(under.users, 'foreign@example.com')
    const [{ hash, password } = expect.fail()] = vectors
    const text = 'UPDATE users.passwords SET hash = $2, pepper_id = NULL WHERE account_id = $1'
    await under.database.query({ name: 'test_foreign', text }, [userId, hash])
    await passwords.check({ email: 'foreign@example.com', password: 'wrong' }, cause)
    await passwords.check({ email: 'foreign@example.com', password: 'x'.repeat(10_000) }, cause)
    expect(count.hashes).toBe(2)
    expect(await passwords.check({ email: 'foreign@example.com', password }, cause)).toMatchObject({ outcome: 'MATCH' })
    expect(count.hashes).toBe(4)
  })
})
