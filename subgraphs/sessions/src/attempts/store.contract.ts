/** What every store of attempt counters must do. */
import { randomUUID } from 'node:crypto'
import { minuteMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import type { AttemptKey } from './attempts.ts'
import type { AttemptStore } from './store.ts'

const policy = { max: 10, windowMs: 15 * minuteMs }
const startMs = Date.parse('2030-01-01T00:00:00Z')
const aKey = (): AttemptKey => ({ identifier: randomUUID(), network: randomUUID() })

export function attemptStoreContract(open: () => AttemptStore): void {
  const takeAt = (key: AttemptKey, atMs: number, tryId: string = randomUUID()) =>
    open().take({ key, tryId, atMs }, policy)
  const takeMany = (count: number, key: AttemptKey, atMs = startMs) =>
    Promise.all(Array.from({ length: count }, () => takeAt(key, atMs)))
  const granted = (answers: readonly boolean[]) => answers.filter(Boolean).length

  it('grants exactly as many tries as there are, however many ask at once', async () => {
    expect(granted(await takeMany(200, aKey()))).toBe(10)
  })

  it('counts each identifier and each network for itself', async () => {
    const key = aKey()
    await takeMany(10, key)
    expect(await takeAt(key, startMs)).toBe(false)
    expect(await takeAt({ ...key, network: 'elsewhere' }, startMs)).toBe(true)
    expect(await takeAt({ ...key, identifier: randomUUID() }, startMs)).toBe(true)
  })

  it('grants no more than the maximum in any window, wherever the window begins', async () => {
    const key = aKey()
    await takeMany(1, key)
    expect(granted(await takeMany(20, key, startMs + policy.windowMs - 1))).toBe(9)
    expect(granted(await takeMany(20, key, startMs + policy.windowMs))).toBe(1)
    expect(granted(await takeMany(20, key, startMs + 2 * policy.windowMs - 1))).toBe(9)
  })

  it('does not prolong the wait of whoever asks in vain', async () => {
    const key = aKey()
    await takeMany(10, key)
    expect(await takeAt(key, startMs + policy.windowMs - 1)).toBe(false)
    expect(await takeAt(key, startMs + policy.windowMs)).toBe(true)
  })

  it('takes one try back, and only that one', async () => {
    const key = aKey()
    await takeAt(key, startMs, 'mine')
    await takeMany(9, key)
    await open().giveBack(key, 'mine')
    await open().giveBack(key, 'mine')
    await open().giveBack(key, 'never taken')
    expect(granted(await takeMany(5, key))).toBe(1)
  })

  it('forgets all tries of a key when it is cleared, and no other', async () => {
    const [key, other] = [aKey(), aKey()]
    await takeMany(10, key)
    await takeMany(10, other)
    await open().clear(key)
    expect(granted(await takeMany(20, key))).toBe(10)
    expect(await takeAt(other, startMs)).toBe(false)
  })
}
