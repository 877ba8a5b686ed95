import { systemEntropy as entropy } from '@latchkey/clock'
import { newKeyringMaterial } from '@latchkey/secrets'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aChain, type ChainUnderTest } from './audit.fixture.ts'
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts'

let under: ChainUnderTest
beforeEach(async () => {
  under = await aChain()
})
afterEach(() => under.stop())

const says = async (options?: Parameters<ChainUnderTest['chain']['verify']>[0]) => {
  const verdict = await under.chain.verify(options)
  return verdict.outcome === 'sound' ? `sound to ${verdict.to.seq}, ${verdict.waiting} wait` : verdict.fault.says
}

const sealed = async (count: number) => {
  await under.write(count)
  await under.chain.seal()
}

/** The records in the order of their links. */
const inOrder = async () =>
  (await under.attack('SELECT record_id FROM users.audit_links ORDER BY seq')).map((row) => String(row.record_id))

describe('the chain', () => {
  it('gives every record one place, and shows those that have none yet', async () => {
    expect(await says()).toBe('sound to 0, 0 wait')
    await under.write(3)
    expect(await says()).toBe('sound to 0, 3 wait')
    expect(await under.chain.seal()).toBe(3)
    expect(await under.chain.seal()).toBe(0)
    await under.write(1)
    expect(await says()).toBe('sound to 3, 1 wait')
  })

  it('is one chain however many processes seal while others write', async () => {
    const sealing = Array.from({ length: 3 }, () => under.process()).map(async (process) => {
      for (let round = 0; round < 6; round += 1) await process.seal()
    })
    const writing = Array.from({ length: 3 }, async () => {
      for (let round = 0; round < 10; round += 1) await under.write(5)
    })
    await Promise.all([...sealing, ...writing])
    await under.chain.seal()
    expect(await says()).toBe('sound to 150, 0 wait')
    expect(new Set(await inOrder()).size).toBe(150)
  })

  it('is sound while records are written and sealed under it', async () => {
    await sealed(1_200)
    const told: number[] = []
    const [verdict] = await Promise.all([
      under.chain.verify({ tell: (checked) => told.push(checked) }),
      under.write(20).then(() => under.process().seal()),
    ])
    expect(verdict.outcome).toBe('sound')
    expect(told).toEqual([1_000, 1_200])
  })

  it('cannot be changed by the role of the subgraph itself', async () => {
    await sealed(1)
    for (const change of [
      'UPDATE users.audit_links SET seq = 9',
      'DELETE FROM users.audit_links',
      'DELETE FROM users.audit_heads',
      'DELETE FROM users.audit_records',
      "UPDATE users.audit_records SET target = 'x'",
    ])
      await expect(under.asSubgraph(change)).rejects.toThrow('permission denied')
  })

  it('goes on under a newer version of the keyring, which signs the head anew', async () => {
    await sealed(2)
    const newer = {
      ...under.material,
      data: [...(newKeyringMaterial(entropy).data ?? []), ...(under.material.data ?? [])],
    }
    expect(await under.process(newer).seal()).toBe(0)
    const [first] = newer.data
    expect(await under.attack('SELECT key_id FROM users.audit_heads')).toEqual([{ key_id: first?.id }])
    expect((await under.process({ ...newer, data: newer.data.slice(0, 1) }).verify()).outcome).toBe('sound')
    expect(await says()).toContain('a version that the keyring does not hold')
  })
})

describe('whoever writes to the whole database, without the keyring, is found out', () => {
  beforeEach(() => sealed(6))

  it.each([
    [
      'alters what a record says',
      "UPDATE users.audit_records SET target = 'usr_bob' WHERE id = $1",
      'was altered or moved',
    ],
    [
      'alters a detail',
      `UPDATE users.audit_records SET detail = '{"role":"user"}' WHERE id = $1`,
      'was altered or moved',
    ],
    [
      'moves a record in time',
      "UPDATE users.audit_records SET at = at - interval '1 day' WHERE id = $1",
      'was altered or moved',
    ],
    ['removes a record', 'DELETE FROM users.audit_records WHERE id = $1', 'was removed'],
  ])('who %s, and the record is named', async (_, change, found) => {
    const victim = (await inOrder())[3]
    await under.attack(change, [victim])
    expect(await says()).toBe(`record ${victim}, link 4, ${found}`)
  })

  it('who removes a record with its link', async () => {
    const victim = (await inOrder())[2]
    await under.attack('DELETE FROM users.audit_records WHERE id = $1', [victim])
    await under.attack('DELETE FROM users.audit_links WHERE record_id = $1', [victim])
    expect(await says()).toBe('link 3 was removed')
  })

  it('who changes two records about', async () => {
    const ids = await inOrder()
    const put = (id: string | undefined, seq: number) =>
      under.attack('UPDATE users.audit_links SET record_id = $1 WHERE seq = $2', [id, seq])
    await put('aside', 2)
    await put(ids[1], 5)
    await put(ids[4], 2)
    expect(await says()).toBe(`record ${ids[4]}, link 2, was altered or moved`)
  })

  it.each([
    ['cuts off the end', 'DELETE FROM users.audit_links WHERE seq > 4', 'links 5 to 6 were removed'],
    [
      'cuts off the end and moves the head back',
      `WITH cut AS (DELETE FROM users.audit_links WHERE seq > 4 RETURNING record_id)
       UPDATE users.audit_heads SET to_seq = 4, to_hash = (SELECT hash FROM users.audit_links WHERE seq = 4)`,
      'its head was not signed by this installation',
    ],
    [
      'cuts off the beginning and moves the start',
      `WITH cut AS (DELETE FROM users.audit_links WHERE seq < 3)
       UPDATE users.audit_heads SET from_seq = 2, from_hash = (SELECT hash FROM users.audit_links WHERE seq = 2)`,
      'its head was not signed by this installation',
    ],
    ['removes the head', 'DELETE FROM users.audit_heads', 'its head was removed'],
  ])('who %s', async (_, change, found) => {
    await under.attack(change)
    expect(await says()).toBe(found)
  })

  it('who writes a record past the chain', async () => {
    await under.write(1)
    await under.attack('DELETE FROM users.audit_unlinked')
    expect(await says()).toBe('record r7 has no place: it was written past the chain')
  })

  it('who removes a record before it has a place', async () => {
    await under.write(1)
    await under.attack("DELETE FROM users.audit_records WHERE id = 'r7'")
    await under.chain.seal()
    expect(await says()).toBe('record r7 was removed before it had a place')
  })

  it('and nothing is sealed on a head of theirs', async () => {
    await under.attack('UPDATE users.audit_heads SET to_seq = 5')
    await under.write(1)
    await expect(under.chain.seal()).rejects.toThrow(/forged: nothing is sealed on it/)
  })
})

describe('a checkpoint that was kept elsewhere', () => {
  const kept = async () => {
    const [place] = readCheckpoint(writeCheckpoint([await under.chain.checkpoint()])) ?? []
    return place
  }

  it('agrees with the same past, however much came after it', async () => {
    await under.write(3)
    const checkpoint = await kept()
    await sealed(4)
    expect(await says({ checkpoint })).toBe('sound to 7, 0 wait')
  })

  it('finds that an older copy of the whole database was put in its place', async () => {
    await sealed(3)
    const [old] = await under.attack('SELECT * FROM users.audit_heads')
    await sealed(2)
    const checkpoint = await kept()
    await under.attack(
      'WITH cut AS (DELETE FROM users.audit_links WHERE seq > 3 RETURNING record_id) DELETE FROM users.audit_records r USING cut WHERE r.id = cut.record_id',
    )
    await under.attack('UPDATE users.audit_heads SET to_seq = $1, to_hash = $2, key_id = $3, mac = $4', [
      ...[old?.to_seq, old?.to_hash, old?.key_id, old?.mac],
    ])
    expect(await says()).toBe('sound to 3, 0 wait')
    expect(await says({ checkpoint })).toBe('links 4 to 5 are gone from its end')
    await sealed(2)
    expect(await says({ checkpoint })).toBe('the past up to link 5 is not the one that the checkpoint saw')
  })

  it('finds that everything was removed', async () => {
    await sealed(2)
    const checkpoint = await kept()
    for (const table of ['audit_heads', 'audit_links', 'audit_records', 'audit_unlinked'])
      await under.attack(`DELETE FROM users.${table}`)
    expect(await says({ checkpoint })).toBe('links 1 to 2 are gone: it is empty')
  })
})
