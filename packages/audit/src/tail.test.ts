import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aChain, type ChainUnderTest } from './audit.fixture.ts'
import { argumentsOfTail, prismaRecordTail, readToldTail, tailLimitMax, tellTail } from './audit.ts'

let under: ChainUnderTest
beforeAll(async () => {
  under = await aChain()
})
afterAll(() => under.stop())

const read = (start: { after: number } | { since: Date }, limit = 100) =>
  prismaRecordTail(under.database, 'users')({ start, limit })
const idsOf = (placed: Awaited<ReturnType<typeof read>>) => placed.map(({ record }) => record.id)

describe('the tail of a chain', () => {
  it('holds what has a place, in the order of places, and nothing that waits for one', async () => {
    await under.write(5)
    expect(await read({ after: 0 })).toEqual([])
    await under.chain.seal()
    await under.write(2)
    const placed = await read({ after: 2 })
    expect(placed.map(({ seq }) => seq)).toEqual([3, 4, 5])
    expect(placed[0]?.record).toMatchObject({ id: 'r3', action: 'role.grant', detail: { role: 'admin' } })
    expect(idsOf(await read({ after: 2 }, 1))).toEqual(['r3'])
  })

  it('gives what was committed late a later place, however old it says it is', async () => {
    await under.chain.seal()
    await under.write(1, 40)
    expect(await read({ after: 7 })).toEqual([])
    await under.chain.seal()
    expect(idsOf(await read({ after: 7 }))).toEqual(['r8'])
  })

  it('begins for a newcomer with the first record of their time, and then leaves out none', async () => {
    const since = new Date(Date.now() - 3_600_000)
    expect(idsOf(await read({ since }, 2))).toEqual(['r1', 'r2'])
    expect(idsOf(await read({ since: new Date(Date.now() + 3_600_000) }))).toEqual([])
  })

  it('is told between subgraphs as it was read, in bounded pieces', async () => {
    const tell = tellTail(prismaRecordTail(under.database, 'users'))
    const told = await tell({ limit: 1, ...argumentsOfTail({ start: { after: 4 }, limit: 1 }) })
    expect(told.map(readToldTail)).toEqual(await read({ after: 4 }, 1))
    await under.write(tailLimitMax + 1)
    await under.chain.seal()
    expect(await tell({ limit: 1_000_000, after: '0' })).toHaveLength(tailLimitMax)
  })

  it('is told from the beginning to whoever names no place', async () => {
    const told = await tellTail(prismaRecordTail(under.database, 'users'))({ limit: 1, after: '1; DROP TABLE' })
    expect(told.map(readToldTail)).toMatchObject([{ seq: 1 }])
  })
})
