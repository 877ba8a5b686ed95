/** What every store of refresh state must do. */
import { randomUUID } from 'node:crypto'
import { dayMs } from '@latchkey/clock'
import type { HeldClock } from '@latchkey/clock/testing'
import type { CredentialRecords } from '@latchkey/principal/credential-records'
import { expect, it } from 'vitest'
import type { RefreshStore } from './store.ts'

const graceMs = 10_000

export interface OpenedRefreshStore {
  readonly store: RefreshStore
  readonly records: CredentialRecords
}

/** `clock`: of the store, where it has one. */
export function refreshStoreContract(open: () => OpenedRefreshStore, clock: HeldClock): void {
  const nowMs = () => clock.now().getTime()
  async function begun() {
    const { store, records } = open()
    const sessionId = randomUUID()
    const userId = 'usr_ada'
    const beginsMs = nowMs()
    const endsAtMs = beginsMs + 30 * dayMs
    await records.putSession({
      ...{ sessionId, userId, endsAtMs, amr: ['pwd'], acr: 'aal1', device: 'test' },
      ...{ authTimeMs: beginsMs, createdAtMs: beginsMs, lastSeenAtMs: beginsMs },
    })
    await store.begin({ sessionId, userId, endsAtMs }, beginsMs)
    return {
      reused: { outcome: 'reused', userId, endsAtMs },
      rotate: (counter: number) => store.rotate({ sessionId, counter }, { nowMs: nowMs(), graceMs }),
      record: async () => (await records.session(sessionId, userId)).session,
    }
  }
  const rotated = (counter: number) => ({ outcome: 'rotated', userId: 'usr_ada', counter })
  const repeated = (counter: number) => ({ outcome: 'repeated', userId: 'usr_ada', counter })

  it('exchanges the current token for its successor, again and again', async () => {
    const { rotate } = await begun()
    expect(await rotate(1)).toEqual(rotated(2))
    expect(await rotate(2)).toEqual(rotated(3))
    expect(await rotate(3)).toEqual(rotated(4))
  })

  it('has exactly one new successor for any number of exchanges of one token at once', async () => {
    const { rotate } = await begun()
    const answers = await Promise.all(Array.from({ length: 200 }, () => rotate(1)))
    expect(answers.filter(({ outcome }) => outcome === 'rotated')).toEqual([rotated(2)])
    expect(answers.filter(({ outcome }) => outcome === 'repeated')).toEqual(Array(199).fill(repeated(2)))
  })

  it('gives the same successor once more within the grace, and ends the session after it', async () => {
    const { rotate, record, reused } = await begun()
    await rotate(1)
    clock.advance(graceMs)
    expect(await rotate(1)).toEqual(repeated(2))
    expect(await record()).not.toBeNull()
    clock.advance(1)
    expect(await rotate(1)).toEqual(reused)
    expect(await record()).toBeNull()
  })

  it('counts the grace from the exchange, not from its repetition', async () => {
    const { rotate, reused } = await begun()
    await rotate(1)
    clock.advance(graceMs - 1)
    await rotate(1)
    clock.advance(2)
    expect(await rotate(1)).toEqual(reused)
  })

  it('ends the session when a token comes back whose successor was used, within the grace as well', async () => {
    const { rotate, record, reused } = await begun()
    await rotate(1)
    await rotate(2)
    expect(await rotate(1)).toEqual(reused)
    expect(await record()).toBeNull()
  })

  it('exchanges nothing for the rightful holder either once a token was reused', async () => {
    const { rotate, reused } = await begun()
    await rotate(1)
    await rotate(2)
    await rotate(1)
    expect(await rotate(3)).toEqual(reused)
  })

  it('ends the session when a token is ahead of the state: the state is an old copy', async () => {
    const { rotate, record, reused } = await begun()
    expect(await rotate(2)).toEqual(reused)
    expect(await record()).toBeNull()
  })

  it('does not know a session that never was', async () => {
    const { store } = open()
    const token = { sessionId: randomUUID(), counter: 1 }
    expect(await store.rotate(token, { nowMs: nowMs(), graceMs })).toEqual({ outcome: 'unknown' })
  })
}
