import { dayMs, systemEntropy as entropy, systemClock } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aChain, type ChainUnderTest } from './audit.fixture.ts'
import { createRetention } from './retention.ts'
import { prismaChainStore } from './store.prisma.ts'

let under: ChainUnderTest
beforeEach(async () => {
  under = await aChain()
})
afterEach(() => under.stop())

/** The same chain, so many days from now. */
const inDays = (days: number, material = under.material) =>
  under.process(material, { now: () => new Date(systemClock.now().getTime() + days * dayMs) })

async function says(chain = under.chain): Promise<string> {
  const verdict = await chain.verify()
  return verdict.outcome === 'sound' ? `sound from ${verdict.from.seq} to ${verdict.to.seq}` : verdict.fault.says
}

const inBatchesOf = (batchRecords: number) =>
  createRetention({
    ...{ chain: 'users', store: prismaChainStore(under.database, 'users'), batchRecords, keptDays: 400 },
    ...{ keyring: createKeyring(under.material, entropy), clock: systemClock, logger: silentLogger },
  })

const countOf = async (table: string) => Number((await under.attack(`SELECT count(*) AS n FROM users.${table}`))[0]?.n)

/** As if they had been written so many days ago. The database's own clock decides what is old enough. */
async function written(count: number, daysAgo = 0): Promise<void> {
  await under.write(count, daysAgo)
  await under.chain.seal()
}

describe('retention', () => {
  it('removes what is over with its links, and the rest verifies as before', async () => {
    await written(1_500, 500)
    await written(3, 10)
    const checkpoint = await under.chain.checkpoint()
    expect(await under.chain.forget()).toBe(1_500)
    expect(await says()).toBe('sound from 1500 to 1503')
    expect([await countOf('audit_records'), await countOf('audit_links')]).toEqual([3, 3])
    expect(await under.chain.verify({ checkpoint })).toMatchObject({ outcome: 'sound' })
    expect(await under.chain.forget()).toBe(0)
    await written(2)
    expect(await says()).toBe('sound from 1500 to 1505')
  })

  it('removes all that is over at one look, in however many batches, or what it can until it is told to end', async () => {
    await written(200, 500)
    await written(1, 10)
    const ending = new AbortController()
    const looking = inBatchesOf(5)
    const cut = looking.forget(ending.signal)
    await expect.poll(() => countOf('audit_links')).toBeLessThan(201)
    ending.abort()
    const first = await cut
    expect(await says()).toBe(`sound from ${first} to 201`)
    expect(await looking.forget(AbortSignal.abort())).toBe(0)
    expect(first + (await looking.forget())).toBe(200)
    expect(await says()).toBe('sound from 200 to 201')
  })

  it('stops at the first record that is kept, whatever comes behind it', async () => {
    for (const daysAgo of [500, 500, 10, 500]) await written(1, daysAgo)
    expect(await under.chain.forget()).toBe(2)
    expect(await says()).toBe('sound from 2 to 4')
  })

  it('is done once however many look at the same moment, while others write and seal', async () => {
    await written(2_500, 500)
    const looking = Array.from({ length: 4 }, () => under.process().forget())
    const writing = Array.from({ length: 5 }, async () => {
      await under.write(10)
      await under.process().seal()
    })
    const [counts] = await Promise.all([Promise.all(looking), ...writing])
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2_500)
    await under.chain.seal()
    expect(await says()).toBe('sound from 2500 to 2550')
  })

  it('leaves what is not as it was written, for somebody to look at', async () => {
    await written(3, 500)
    await under.attack(`UPDATE users.audit_records SET target = 'usr_mallory' WHERE id = 'r2'`)
    await expect(under.chain.forget()).rejects.toThrow('are not as they were written')
    expect(await says()).toBe('record r2, link 2, was altered or moved')
    expect(await countOf('audit_records')).toBe(3)
  })

  it('removes nothing under a head that is not ours', async () => {
    await written(3, 500)
    await expect(under.process(newKeyringMaterial(entropy)).forget()).rejects.toThrow('is not ours')
    expect(await countOf('audit_records')).toBe(3)
  })

  it('has nothing of the last thirty days removed, whatever the clock of a process says', async () => {
    await written(3)
    await expect(inDays(1_000).forget()).rejects.toThrow()
    expect(await says()).toBe('sound from 0 to 3')
  })

  it('lets the subgraph’s role remove nothing in another way, and shows what it did without the keyring', async () => {
    await written(3, 500)
    await expect(under.asSubgraph('DELETE FROM users.audit_links')).rejects.toThrow()
    await expect(under.asSubgraph('DELETE FROM users.audit_records')).rejects.toThrow()
    const forget = (from: number, to: number, upTo: number) =>
      under.asSubgraph(
        `SELECT users.audit_forget(${from}, ${to}, ${upTo}, '\\x00', 'none', '\\x00', now() - interval '40 days')`,
      )
    await expect(forget(0, 3, 4)).rejects.toThrow()
    await forget(1, 3, 2)
    expect(await says()).toBe('sound from 0 to 3')
    await forget(0, 3, 2)
    expect(await says()).toMatch(/^its head /)
  })
})
