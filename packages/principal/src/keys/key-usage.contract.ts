/** What every implementation of the stream of usage must do. */
import { describe, expect, it } from 'vitest'
import type { UsageStream } from './key-usage.ts'

interface Setting {
  readonly stream: UsageStream
  /** The time passes in which whoever took a batch has to settle it. */
  readonly pass: () => Promise<void>
}

interface Terms {
  readonly entriesMax?: number
  /** In which a batch has to be settled, where that is waited for. */
  readonly ownedMs?: number
}

export function carriesUsage(open: (terms?: Terms) => Promise<Setting>): void {
  const textsOf = (taken: readonly { text: string }[]) => taken.map(({ text }) => text)

  describe('a stream of usage', () => {
    it('gives what was left, in order, at most as many as are wanted, and each to one taker', async () => {
      const { stream } = await open()
      expect(await stream.take('one', 10)).toEqual([])
      await stream.add(['a', 'b', 'c'])
      expect(textsOf(await stream.take('one', 2))).toEqual(['a', 'b'])
      expect(textsOf(await stream.take('other', 10))).toEqual(['c'])
      expect(await stream.take('other', 10)).toEqual([])
    })

    it('gives what a taker did not settle in good time to the next one, and what was settled to nobody', async () => {
      const { stream, pass } = await open({ ownedMs: 1_000 })
      await stream.add(['a', 'b'])
      const [first, second] = await stream.take('one', 2)
      await stream.settle([first?.id ?? ''])
      await pass()
      expect(await stream.take('other', 10)).toEqual([second])
      await stream.settle([second?.id ?? ''])
      await pass()
      expect(await stream.take('one', 10)).toEqual([])
    })

    it('says how many had to give way', async () => {
      const { stream } = await open({ entriesMax: 1_000 })
      let trimmed = 0
      for (let at = 0; at < 30; at++) {
        const texts = Array.from({ length: 100 }, (_, index) => `${at * 100 + index}`)
        trimmed += (await stream.add(texts)).trimmed
      }
      const left = await stream.take('one', 5_000)
      expect(trimmed).toBeGreaterThan(1_000)
      expect(left.length + trimmed).toBe(3_000)
      expect(left.at(-1)?.text).toBe('2999')
    })

    it('takes nothing as nothing', async () => {
      const { stream } = await open()
      expect(await stream.add([])).toEqual({ trimmed: 0 })
      await stream.settle([])
      expect(await stream.take('one', 10)).toEqual([])
    })
  })
}
