import { dayMs, hourMs } from '@latchkey/clock'
import { aUser } from '@latchkey/principal/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys, usedNow } from '../application.fixture.ts'

let app: RunningApiKeys
beforeEach(async () => {
  app = await runApiKeys()
})
afterEach(() => app.stop())

const ada = aUser({ userId: 'usr_ada' })
const inDays = (days: number) => new Date(app.clock.now().getTime() + days * dayMs).toISOString()
const aKeyFor = (days: number, input: Record<string, unknown> = {}) =>
  app.create(ada, { expiresAt: inDays(days), ...input })
const change = (text: string, input: Record<string, unknown>) => app.ask(ada, text, { input })

/** What a replica that is started does, once: the outbox is at rest afterwards. */
async function delivered(): Promise<void> {
  const replica = app.replica()
  replica.start()
  await expect.poll(() => app.database.prisma.apiKeysOutboxMessage.count({ where: { deliveredAt: null } })).toBe(0)
  await replica.close()
}
const told = () => app.users.notices.map(({ daysLeft, kind }) => (kind === 'EXPIRES' ? daysLeft : kind))

describe('the owner of a key that ends', () => {
  it('is told 30, 14, 3 and 1 days before, once each, however often is looked', async () => {
    const { id } = await aKeyFor(90)
    app.clock.advance(58 * dayMs)
    for (let day = 58; day < 90; day += 1) {
      const written = (await app.lookForNotices()) + (await app.lookForNotices())
      if (written > 0) await delivered()
      app.clock.advance(dayMs)
    }
    expect(told()).toEqual([30, 14, 3, 1])
    expect(app.users.notices[0]).toMatchObject({ ownerId: 'usr_ada', name: 'ci', prefix: `lk_test_${id}` })
    expect(new Set(app.users.notices.map(({ ref }) => ref)).size).toBe(4)
  })

  it('is told the nearest alone when nobody looked for a while', async () => {
    await aKeyFor(90)
    app.clock.advance(88 * dayMs)
    await app.lookForNotices()
    await delivered()
    expect(told()).toEqual([2])
  })

  it('is told of the new end when it was moved, and no more of the old one', async () => {
    const { id } = await aKeyFor(90)
    app.clock.advance(80 * dayMs)
    await app.lookForNotices()
    await change('mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { id } } }', {
      id,
      expiresAt: inDays(100),
    })
    await delivered()
    expect(told()).toEqual([])
    app.clock.advance(90 * dayMs)
    await app.lookForNotices()
    await delivered()
    expect(told()).toEqual([10])
  })

  it.each([
    ['revoked', 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }', 'input'],
    ['disabled', 'mutation ($id: ID!) { disableApiKey(id: $id) { apiKey { id } } }', 'id'],
  ])('is told nothing of one that is %s', async (_, query, argument) => {
    const { id } = await aKeyFor(90)
    app.clock.advance(80 * dayMs)
    await app.ask(ada, query, argument === 'id' ? { id } : { input: { id } })
    expect(await app.lookForNotices()).toBe(0)
  })

  it('is told nothing when the key was revoked between the look and the delivery', async () => {
    const { id } = await aKeyFor(90)
    app.clock.advance(80 * dayMs)
    expect(await app.lookForNotices()).toBe(1)
    await app.revoke(ada, id)
    await delivered()
    expect(told()).toEqual([])
  })

  it('is told of each of very many keys, once, by many replicas that look at once', async () => {
    const { id: _, ...row } = await app.database.prisma.apiKey.findUniqueOrThrow({
      where: { id: (await aKeyFor(90)).id },
      omit: { metadata: true, confinement: true, successorId: true },
    })
    const data = Array.from({ length: 450 }, (_, at) => ({ ...row, id: `many${String(at).padStart(8, '0')}` }))
    await app.database.prisma.apiKey.createMany({ data })
    app.clock.advance(80 * dayMs)
    const replicas = Array.from({ length: 8 }, app.replica)
    const written = await Promise.all(replicas.map((replica) => replica.lookForNotices()))
    await app.lookForNotices()
    await Promise.all(replicas.map((replica) => replica.close()))
    const messages = await app.database.prisma.apiKeysOutboxMessage.count({ where: { kind: 'key-notice' } })
    expect([messages, await app.database.prisma.keyNotice.count()]).toEqual([451, 451])
    expect(written.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(451)
  })

  it('is told once Users is back, and what else is on its way does not wait for it', async () => {
    await aKeyFor(90)
    app.clock.advance(80 * dayMs)
    await app.lookForNotices()
    app.users.state = 'down'
    const replica = app.replica()
    replica.start()
    const waiting = { where: { kind: 'key-notice', lastError: { not: null }, deliveredAt: null } }
    await expect.poll(() => app.database.prisma.apiKeysOutboxMessage.count(waiting)).toBe(1)
    const others = { where: { kind: { not: 'key-notice' }, deliveredAt: null } }
    expect(await app.database.prisma.apiKeysOutboxMessage.count(others)).toBe(0)
    await replica.close()
    app.users.state = 'up'
    app.clock.advance(hourMs)
    await delivered()
    expect(told()).toEqual([10])
  })
})

describe('the owner of a key that was rotated', () => {
  const rotated = async () => {
    const { id } = await aKeyFor(90)
    await change('mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }', {
      id,
      overlap: 36_000,
    })
    return id
  }
  const used = (id: string) => usedNow(app, id)

  it('is warned once at four fifths of the overlap, when the old one is still used', async () => {
    const id = await rotated()
    app.clock.advance(hourMs)
    await used(id)
    for (let hour = 1; hour < 10; hour += 1) {
      await app.lookForNotices()
      await delivered()
      expect(told(), `hour ${hour}`).toEqual(hour < 8 ? [] : ['OVERLAP_ENDS'])
      app.clock.advance(hourMs)
    }
    expect(app.users.notices[0]?.lastUsedAt).toBe('2030-01-01T01:00:00.000Z')
  })

  it('is left alone when it was not', async () => {
    const id = await aKeyFor(90)
    app.clock.advance(hourMs)
    await used(id.id)
    app.clock.advance(hourMs)
    await change('mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }', {
      id: id.id,
      overlap: 36_000,
    })
    app.clock.advance(9 * hourMs)
    expect(await app.lookForNotices()).toBe(0)
  })
})

it('forgets what it told of ends that are long past', async () => {
  await aKeyFor(90)
  app.clock.advance(80 * dayMs)
  await app.lookForNotices()
  expect(await app.database.prisma.keyNotice.count()).toBe(1)
  app.clock.advance(50 * dayMs)
  await app.clean()
  expect(await app.database.prisma.keyNotice.count()).toBe(0)
})
