/** What every store of pending sign-ins must do. */
import { randomUUID } from 'node:crypto'
import { minuteMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import type { Pending } from './pending.ts'
import type { PendingStore } from './store.ts'

const pending: Pending = {
  ...{ kind: 'half', first: 'pwd', lasting: 'remembered', userId: 'usr_ada', epoch: 3, factors: ['TOTP'] },
  ...{ client: 'mac', endsAtMs: 1_000 },
  tries: [{ counter: 'identifier:i', place: 'n', id: 'att_1', onSuccess: 'forget' }],
}
const terms = { tries: 5, lifetimeMs: 5 * minuteMs }

export function pendingStoreContract(open: () => PendingStore): void {
  const added = async (more: { challenge?: string } = {}) => {
    const id = randomUUID()
    await open().add(id, pending, { ...terms, ...more })
    return id
  }
  const times = <Value>(count: number, ask: () => Promise<Value>) => Promise.all(Array.from({ length: count }, ask))

  it('keeps what it was given, and knows nothing else', async () => {
    expect(await open().byId(await added())).toEqual(pending)
    expect(await open().byId(randomUUID())).toBeNull()
  })

  it('gives as many tries as there are, however many ask at once', async () => {
    const id = await added()
    expect((await times(200, () => open().takeTry(id))).filter(Boolean)).toHaveLength(5)
    await open().giveBackTry(id)
    expect((await times(10, () => open().takeTry(id))).filter(Boolean)).toHaveLength(1)
    expect(await open().takeTry(randomUUID())).toBe(false)
  })

  it('gives a challenge to one of any number of callers', async () => {
    const id = await added({ challenge: 'first' })
    const taken = await times(50, () => open().takeChallenge(id))
    expect(taken.filter((challenge) => challenge !== null)).toEqual(['first'])
    await open().keepChallenge(id, 'second')
    await open().keepChallenge(id, 'third')
    expect(await open().takeChallenge(id)).toBe('third')
    expect(await open().takeChallenge(id)).toBeNull()
  })

  it('tells one of any number of callers that it ended it, and forgets it', async () => {
    const id = await added({ challenge: 'c' })
    expect((await times(200, () => open().end(id))).filter((ending) => ending === 'ended')).toHaveLength(1)
    expect(await open().byId(id)).toBeNull()
    await open().keepChallenge(id, 'late')
    await open().giveBackTry(id)
    expect([await open().takeChallenge(id), await open().takeTry(id), await open().end(id)]).toEqual([
      null,
      false,
      'not there',
    ])
  })
}
