import { hourMs, secondMs } from '@latchkey/clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mailsTo, register, startUsers, type UsersUnderTest, until } from '../application.fixture.ts'
import type { Mail } from '../mail/mail.ts'
import { deliveredKeptMs } from './outbox.ts'
import { prismaOutboxStore } from './store.prisma.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers({ mailer: 'undelivered' })
})
afterAll(() => under.close())

const terms = () => {
  const now = under.clock.now()
  return { kinds: ['mail'] as const, now, leaseEndsAt: new Date(now.getTime() + 60 * secondMs), attemptsMax: 5, max: 5 }
}

const rows = (columns: string) =>
  under.database.query(
    { name: `test_outbox_${columns.length}`, text: `SELECT ${columns} FROM users.outbox ORDER BY id` },
    [],
  )

describe('the outbox in Postgres', () => {
  it('keeps mails for which there is no mail server', async () => {
    for (let n = 0; n < 20; n += 1) await register(under.users, `waiting${n}@example.com`)
    expect(await rows('kind, attempts, delivered_at')).toEqual(
      Array.from({ length: 20 }, () => ({ kind: 'mail', attempts: 0, delivered_at: null })),
    )
  })

  it('hands a message to one of many takers only, and to nobody again before its lease ends', async () => {
    const store = prismaOutboxStore(under.database)
    const taken = (await Promise.all(Array.from({ length: 8 }, () => store.take(terms())))).flat()
    expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length)
    const rest = await store.take({ ...terms(), max: 100 })
    expect(taken.length + rest.length).toBe(20)
    expect(await store.take({ ...terms(), max: 100 })).toEqual([])
    under.clock.advance(60 * secondMs)
    const again = await store.take({ ...terms(), max: 100 })
    expect(again.map(({ attempts }) => attempts)).toEqual(Array(20).fill(2))
    expect(again.map(({ id }) => Number(id))).toEqual(again.map(({ id }) => Number(id)).sort((a, b) => a - b))
  })

  it('leaves a message alone that failed too often', async () => {
    under.clock.advance(60 * secondMs)
    const store = prismaOutboxStore(under.database)
    expect(await store.take({ ...terms(), attemptsMax: 2, max: 100 })).toEqual([])
  })

  it('delivers each mail once with two replicas, and forgets what it said', async () => {
    const delivered: string[] = []
    const mailer = {
      async deliver({ to }: Mail) {
        delivered.push(to)
      },
    }
    under.clock.advance(60 * secondMs)
    const replicas = [under.replica({ mailer }), under.replica({ mailer })]
    await until(() => delivered.length >= 20)
    await Promise.all(replicas.map((users) => users.close()))
    expect(new Set(delivered).size).toBe(20)
    expect(delivered).toHaveLength(20)
    expect(new Set((await rows('payload')).map((row) => JSON.stringify(row)))).toEqual(new Set(['{"payload":""}']))
  })

  it('forgets what was delivered a week ago', async () => {
    under.clock.advance(deliveredKeptMs)
    const replica = under.unstarted()
    await replica.clean()
    expect(await rows('id')).toHaveLength(20)
    under.clock.advance(hourMs)
    await replica.clean()
    expect(await rows('id')).toEqual([])
  })

  it('keeps no address in what it says of a failure', async () => {
    const mailer = {
      async deliver({ to }: Mail) {
        throw new Error(`550 ${to} is unknown`)
      },
    }
    const failing = under.replica({ mailer })
    await register(failing, 'bounced@example.com')
    const text = async () => JSON.stringify(await rows('last_error, payload, ref'))
    await until(async () => (await text()).includes('Error'))
    expect(await text()).not.toContain('bounced')
    await failing.close()
  })

  it('delivers at once after a commit, and shows on every replica what one delivered', async () => {
    const users = under.unstarted({ mailer: 'mailbox' })
    await register(users, 'prompt@example.com')
    expect(await mailsTo(users, 'prompt@example.com')).toHaveLength(1)
    expect(await under.replica({ mailer: 'mailbox' }).mail?.mails('prompt@example.com')).toHaveLength(1)
  })
})
