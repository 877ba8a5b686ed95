/** What every store of wrong keys must do. */
import { randomUUID } from 'node:crypto'
import { minuteMs } from '@latchkey/clock'
import type { HeldClock } from '@latchkey/clock/testing'
import { expect, it } from 'vitest'
import { knownForMs, type WrongKeys, wrongKeysIn } from './wrong-keys.ts'

/** `clock`: what the stores count by. What they keep may end by another. */
export function keepsWrongKeys(open: () => Promise<readonly WrongKeys[]>, clock: HeldClock): void {
  const budget = wrongKeysIn(10)
  const { windowMs } = budget

  async function opened() {
    const stores = await open()
    const one = stores[0]
    if (!one) throw new Error('no store')
    const network = randomUUID()
    const chargeMany = async (count: number) => {
      const shown = Array.from({ length: count }, (_, turn) =>
        (stores[turn % stores.length] ?? one).charge(network, budget),
      )
      return (await Promise.all(shown)).filter((waitMs) => waitMs === 0).length
    }
    const stoppedFor = async (ms: number) => {
      const stoppedForMs = await one.stoppedForMs(network)
      expect(stoppedForMs).toBeLessThanOrEqual(ms)
      expect(stoppedForMs).toBeGreaterThan(0)
    }
    return { one, network, chargeMany, stoppedFor }
  }

  it('counts exactly as many as may be shown, however many are shown at once, and then stops the network', async () => {
    const { one, network, chargeMany, stoppedFor } = await opened()
    expect(await one.stoppedForMs(network)).toBe(0)
    expect(await chargeMany(9)).toBe(9)
    expect(await one.stoppedForMs(network)).toBe(0)
    expect(await chargeMany(200)).toBe(1)
    await stoppedFor(windowMs)
    expect(await one.charge(network, budget)).toBe(windowMs)
    expect(await one.stoppedForMs(randomUUID())).toBe(0)
  })

  it('lets no more be shown in any window, wherever it begins', async () => {
    const { one, network, chargeMany, stoppedFor } = await opened()
    await chargeMany(3)
    clock.advance(windowMs - minuteMs)
    expect(await chargeMany(20)).toBe(7)
    await stoppedFor(minuteMs)
    clock.advance(minuteMs)
    expect(await chargeMany(20)).toBe(3)
    expect(await one.charge(network, budget)).toBe(windowMs - minuteMs)
  })

  it('knows a key where it was let in, for an hour, and nowhere else', async () => {
    const { one, network } = await opened()
    expect(await one.isWelcome(network, 'Key1')).toBe(false)
    await one.welcome(network, 'Key1')
    expect(await one.isWelcome(network, 'Key1')).toBe(true)
    expect(await one.isWelcome(network, 'Key2')).toBe(false)
    expect(await one.isWelcome(randomUUID(), 'Key1')).toBe(false)
    expect(knownForMs).toBe(3_600_000)
  })
}
