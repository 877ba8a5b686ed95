import { dayMs, randomBase62, systemEntropy } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'

let app: RunningApiKeys
/** Told of each record before it is put. */
let announcing = async () => {}
beforeAll(async () => {
  app = await runApiKeys({
    recordsOver: (records) => ({ ...records, putApiKey: (key) => announcing().then(() => records.putApiKey(key)) }),
  })
})
afterEach(() => {
  announcing = async () => {}
})
afterAll(() => app.stop())

let people = 0
/** Each test has an owner of its own, whose keys no other test touches. */
const somebody = () => aUser({ userId: `usr_${people++}` })
const admin = aUser({ userId: 'usr_root', scopes: ['keys:admin', 'keys:read'] })
const query = `mutation ($input: RevokeApiKeysInput!) { revokeApiKeys(input: $input) { revoked remaining apiKeys { id name status } } }`
interface Answer {
  readonly revoked: number
  readonly remaining: number
  readonly apiKeys: readonly { readonly id: string; readonly name: string; readonly status: string }[]
}
const asked = (by: UserPrincipal, filter: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  app.ask(by, query, { input: { filter, ...more } })
const revoke = async (by: UserPrincipal, filter: Record<string, unknown>, more: Record<string, unknown> = {}) =>
  ((await asked(by, filter, more)).data as { revokeApiKeys: Answer }).revokeApiKeys
/** One that is made as any, and copies of it, for a busy machine. */
async function named(names: readonly string[], by: UserPrincipal) {
  const [first = '', ...others] = names
  const made = await app.create(by, { name: first })
  const { id: _, ...row } = await app.database.prisma.apiKey.findUniqueOrThrow({
    where: { id: made.id },
    omit: { metadata: true, confinement: true },
  })
  const copies = others.map((name) => ({ ...row, name, id: randomBase62(systemEntropy, 12) }))
  await app.database.prisma.apiKey.createMany({ data: copies })
  return [made, ...copies].map(({ id }) => id)
}
const working = ({ userId: ownerId }: UserPrincipal) =>
  app.database.prisma.apiKey.count({ where: { ownerId, revokedAt: null } })
const records = (ids: readonly string[]) =>
  app.database.prisma.apiKeysAuditRecord.findMany({
    where: { action: 'api-key.revoked', target: { in: [...ids] } },
    orderBy: { target: 'asc' },
  })

describe('a dry run', () => {
  it('tells how many there are and the first of them, and ends nothing', async () => {
    const ada = somebody()
    await named(
      Array.from({ length: 25 }, (_, at) => `old-${at}`),
      ada,
    )
    const answer = await revoke(ada, { namePrefix: 'old-' }, { dryRun: true })
    expect([answer.revoked, answer.remaining, answer.apiKeys.length, await working(ada)]).toEqual([0, 25, 20, 25])
  })
})

describe('revoking what meets criteria', () => {
  it('meets every one that is given', async () => {
    const ada = somebody()
    const { userId } = ada
    const start = app.clock.now().getTime()
    await named(['job-1', 'job-2', 'web-1'], ada)
    app.clock.advance(40 * dayMs)
    await named(['job-3'], ada)
    await app.create(ada, { name: 'job-4', scopes: ['keys:write'] })
    const count = async (filter: Record<string, unknown>) => (await revoke(ada, filter, { dryRun: true })).remaining
    expect(await count({ namePrefix: 'job' })).toBe(4)
    expect(await count({ namePrefix: 'job', unusedForDays: 30 })).toBe(2)
    expect(await count({ createdBefore: new Date(start + 20 * dayMs).toISOString() })).toBe(3)
    expect(await count({ scope: 'keys:write' })).toBe(1)
    expect(await count({ scope: 'keys:write', unusedForDays: 30 })).toBe(0)
    expect([await count({ environment: 'TEST' }), await count({ environment: 'LIVE' })]).toEqual([5, 0])
    expect([await count({ namePrefix: '%' }), await count({ ownerId: userId })]).toEqual([0, 5])
  })

  it('ends each before it answers, on record, with the reason and what remains', async () => {
    const ada = somebody()
    const ids = await named(['a-1', 'a-2', 'b-1'], ada)
    const answer = await revoke(ada, { namePrefix: 'a-' }, { reason: 'left the laptop in a train' })
    expect(answer).toMatchObject({ revoked: 2, remaining: 0, apiKeys: [{ status: 'REVOKED' }, { status: 'REVOKED' }] })
    const shared = await Promise.all(ids.map(async (id) => (await app.records.apiKey(id)).key?.revokedAtMs ?? null))
    expect(shared.map((at) => at !== null)).toEqual([true, true, false])
    const audited = (await records(ids)).map(({ target, detail }) => [target, detail])
    expect(audited).toEqual(
      ids
        .slice(0, 2)
        .sort()
        .map((id) => [id, { by: 'filter' }]),
    )
    const row = await app.database.prisma.apiKey.findUnique({ where: { id: ids[0] ?? '' } })
    expect(row?.revokedReason).toBe('left the laptop in a train')
  })

  it('ends a hundred in a call and says how many are left', async () => {
    for (const by of [somebody(), somebody()])
      await named(
        Array.from({ length: 60 }, (_, at) => `bulk-${at}`),
        by,
      )
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 100, remaining: 20 })
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 20, remaining: 0 })
    expect(await revoke(admin, { namePrefix: 'bulk-' })).toMatchObject({ revoked: 0, remaining: 0 })
  })

  it("touches nobody else's without keys:admin", async () => {
    const [ada, eve] = [somebody(), somebody()]
    await named(['x-1'], eve)
    await named(['x-2'], ada)
    expect((await asked(ada, { ownerId: eve.userId })).errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    expect(await revoke(ada, { namePrefix: 'x-' })).toMatchObject({ revoked: 1, apiKeys: [{ name: 'x-2' }] })
    expect(await revoke(admin, { ownerId: eve.userId })).toMatchObject({ revoked: 1, apiKeys: [{ name: 'x-1' }] })
  })

  it('names everything that is wrong, and refuses to mean every key', async () => {
    const fieldsOf = async (filter: Record<string, unknown>) => {
      const { errors } = await asked(admin, filter)
      return errors?.[0]?.extensions?.code === 'BAD_USER_INPUT'
        ? Object.keys(errors[0].extensions.fields as object)
        : []
    }
    expect(await fieldsOf({})).toEqual(['input.filter'])
    expect(await fieldsOf({ ownerId: null, scope: null })).toEqual(['input.filter'])
    const wrong = { ownerId: "' OR 1=1 --", unusedForDays: 0, createdBefore: '2030-02-30T00:00:00Z' }
    expect(await fieldsOf({ ...wrong, namePrefix: 'x'.repeat(100_000), scope: 'x'.repeat(129) })).toHaveLength(5)
  })

  it('of a key whose end cannot be announced changes nothing of it, and goes on when asked again', async () => {
    const ada = somebody()
    await named(['c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-6', 'c-7'], ada)
    let announced = 0
    announcing = async () => {
      announced += 1
      if (announced > 5) throw new Error('the records are gone')
    }
    expect((await asked(ada, { namePrefix: 'c-' })).errors?.length).toBe(1)
    expect(await working(ada)).toBe(2)
    announcing = async () => {}
    expect(await revoke(ada, { namePrefix: 'c-' })).toMatchObject({ revoked: 2, remaining: 0 })
  })
})

describe('a race', () => {
  const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { apiKey { id } } }'

  it('with rotations leaves no successor that works once nothing remains', async () => {
    const ada = somebody()
    const ids = await named(
      Array.from({ length: 8 }, (_, at) => `race-${at}`),
      ada,
    )
    const rotations = ids.map((id) => app.ask(ada, rotate, { input: { id } }))
    let answer = await revoke(ada, { namePrefix: 'race-' })
    await Promise.all(rotations)
    while (answer.remaining > 0) answer = await revoke(ada, { namePrefix: 'race-' })
    expect(await working(ada)).toBe(0)
  })

  it('with each other ends each key once', async () => {
    const ada = somebody()
    const ids = await named(
      Array.from({ length: 12 }, (_, at) => `twice-${at}`),
      ada,
    )
    await Promise.all([1, 2].map(() => revoke(ada, { namePrefix: 'twice-' })))
    expect([await working(ada), (await records(ids)).length]).toEqual([0, 12])
  })

  it('with new keys ends those that it found, and counts the others as what remains', async () => {
    const ada = somebody()
    await named(
      Array.from({ length: 6 }, (_, at) => `new-${at}`),
      ada,
    )
    const later = ['new-a', 'new-b', 'new-c'].map((name) => app.create(ada, { name }))
    const [answer] = await Promise.all([revoke(ada, { namePrefix: 'new-' }), ...later])
    expect(answer.revoked).toBeGreaterThanOrEqual(6)
    expect(await working(ada)).toBe(9 - answer.revoked)
  })
})
