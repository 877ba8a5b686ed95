import { systemEntropy as entropy } from '@latchkey/clock'
import { newKeyringMaterial } from '@latchkey/secrets'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aChain, type ChainUnderTest } from './audit.fixture.ts'

let under: ChainUnderTest
beforeEach(async () => {
  under = await aChain()
})
afterEach(() => under.stop())

const always = { from: null, to: null }

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

async function* each(lines: readonly string[]) {
  yield* lines
}

const exported = () => linesOf(under.chain.exportLines(always))

/** What is said of a file, by a process that has nothing but the keyring. */
async function says(lines: readonly string[], process = under.process()): Promise<string> {
  const verdict = await process.verifyExport(each(lines))
  if (verdict.outcome === 'faulty') return `line ${verdict.line} ${verdict.says}`
  return verdict.parts.map(({ chain, from, to }) => `${chain} ${from.seq} to ${to.seq}`).join(', ')
}

describe('audit records in a file', () => {
  it('are all there, also those that just now waited for their place, and can be checked by themselves', async () => {
    await under.write(1_500)
    const lines = await exported()
    expect(lines).toHaveLength(1_502)
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ link: { seq: 1 }, record: { id: 'r1', action: 'role.grant' } })
    await under.attack('DELETE FROM users.audit_records')
    expect(await says(lines)).toBe('users 0 to 1500')
  })

  it('are those of a time, and the part is bound to its place in the chain', async () => {
    await under.write(3)
    await under.chain.seal()
    await under.attack(`UPDATE users.audit_records SET at = at - interval '1 day' WHERE id IN ('r1', 'r2')`)
    // As if they had been written then: their links are made anew, as they would have been.
    await under.attack('DELETE FROM users.audit_links')
    await under.attack('DELETE FROM users.audit_heads')
    await under.attack(`INSERT INTO users.audit_unlinked (record_id) VALUES ('r1'), ('r2'), ('r3')`)
    await under.chain.seal()
    const since = new Date(Date.now() - 3_600_000)
    expect(await says(await linesOf(under.chain.exportLines({ from: since, to: null })))).toBe('users 2 to 3')
    expect(await says(await linesOf(under.chain.exportLines({ from: null, to: since })))).toBe('users 0 to 2')
    expect(await linesOf(under.chain.exportLines({ from: new Date(Date.now() + 1_000), to: null }))).toEqual([])
  })

  it('are not exported when they are not as they were written', async () => {
    await under.write(3)
    await under.chain.seal()
    await under.attack(`UPDATE users.audit_records SET target = 'usr_mallory' WHERE id = 'r2'`)
    await expect(exported()).rejects.toThrow('records were altered')
    await under.attack(`DELETE FROM users.audit_records WHERE id = 'r2'`)
    await expect(exported()).rejects.toThrow('record 2 is gone')
  })

  describe('changed by somebody', () => {
    let lines: string[]
    const without = (...places: readonly number[]) => lines.filter((_, index) => !places.includes(index))
    beforeEach(async () => {
      await under.write(4)
      lines = await exported()
    })

    it('are found: a word, a record removed, two in another order, the end cut off', async () => {
      const altered = lines.map((line) => line.replace('"id":"r2"', '"id":"r9"'))
      expect(await says(altered)).toBe('line 3 record 2 was altered or moved')
      expect(await says(without(2))).toBe('line 3 record 2 was removed before it')
      const [begin = '', one = '', two = '', ...rest] = lines
      expect(await says([begin, two, one, ...rest])).toBe('line 2 record 1 was removed before it')
      expect(await says(without(4))).toBe('line 5 records were removed before it: it ends at 4')
      expect(await says(without(4, 5))).toBe('line 4 is the last, and no end')
      expect(await says(['what is this', ...lines])).toBe('line 1 does not begin a chain')
      expect(await says([...lines.slice(0, 2), '{"link":null}', ...lines.slice(2)])).toMatch(/^line 3 /)
    })

    it('are found though their hashes were made anew: only the keyring signs the end', async () => {
      const forger = await aChain()
      try {
        await forger.write(4)
        const forged = await linesOf(forger.chain.exportLines(always))
        expect(await says(forged)).toBe('line 6 was not signed by this installation (unknown-key)')
      } finally {
        await forger.stop()
      }
      expect(await says(lines, under.process(newKeyringMaterial(entropy)))).toMatch(/not signed by this installation/)
    })

    it('are no head: what signs a file cannot be put in place of what a chain says of itself', async () => {
      const { upTo, signed } = JSON.parse(lines.at(-1) ?? '{}')
      expect(upTo.seq).toBe(4)
      await under.attack('UPDATE users.audit_heads SET key_id = $1, mac = $2', [
        signed.keyId,
        Buffer.from(signed.mac, 'base64url'),
      ])
      expect(await under.chain.verify()).toMatchObject({ outcome: 'faulty', fault: { kind: 'head' } })
    })
  })
})
