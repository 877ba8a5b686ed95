/** What every store of wrong keys must do. */
import { randomUUID } from 'node:crypto'
import { minuteMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { knownForMs, type WrongKeys, wrongKeysIn } from './wrong-keys.ts'

/** `nowMs`: where the store counts by a clock of its own, what that says. */
export function keepsWrongKeys(open: () => Promise<readonly WrongKeys[]>, nowMs: () => number): void {
  const budget = wrongKeysIn(10)
  const { windowMs } = budget

  async function opened() {
    const stores = await open()
    const one = stores[0]
    if (!one) throw new Error('no store')
    const network = randomUUID()
    const chargeMany = async (count: number, atMs: number) => {
      const shown = Array.from({ length: count }, (_, turn) =>
        (stores[turn % stores.length] ?? one).charge(network, atMs, budget),
      )
      return (await Promise.all(shown)).filter((untilMs) => untilMs === 0).length
    }
    return { one, network, chargeMany, startMs: nowMs() }
  }

  it('counts exactly as many as may be shown, however many are shown at once, and then stops the network', async () => {
    const { one, network, chargeMany, startMs } = await opened()
    expect(await one.stoppedUntilMs(network)).toBe(0)
    expect(await chargeMany(9, startMs)).toBe(9)
    expect(await one.stoppedUntilMs(network)).toBe(0)
    expect(await chargeMany(200, startMs)).toBe(1)
    expect(await one.stoppedUntilMs(network)).toBe(startMs + windowMs)
    expect(await one.charge(network, startMs, budget)).toBe(startMs + windowMs)
    expect(await one.stoppedUntilMs(randomUUID())).toBe(0)
  })

  it('lets no more be shown in any window, wherever it begins', async () => {
    const { one, network, chargeMany, startMs } = await opened()
    const laterMs = startMs + windowMs - minuteMs
    await chargeMany(3, startMs)
    expect(await chargeMany(20, laterMs)).toBe(7)
    expect(await one.stoppedUntilMs(network)).toBe(startMs + windowMs)
    expect(await chargeMany(20, startMs + windowMs)).toBe(3)
    expect(await one.charge(network, startMs + windowMs, budget)).toBe(laterMs + windowMs)
  })

  it('knows a key where it was let in, for an hour, and nowhere else', async () => {
    const { one, network, startMs } = await opened()
    expect(await one.isWelcome(network, 'Key1', startMs)).toBe(false)
    await one.welcome(network, 'Key1', startMs)
    expect(await one.isWelcome(network, 'Key1', startMs)).toBe(true)
    expect(await one.isWelcome(network, 'Key2', startMs)).toBe(false)
    expect(await one.isWelcome(randomUUID(), 'Key1', startMs)).toBe(false)
    expect(knownForMs).toBe(3_600_000)
  })
}
