import { dayMs, systemEntropy as entropy } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { expect, it } from 'vitest'
import { signHead } from './head.ts'
import { linkAfter, origin, type Place } from './link.ts'
import { createRetention, type RetentionDependencies } from './retention.ts'
import type { KeptLink } from './store.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const keyring = createKeyring(newKeyringMaterial(entropy), entropy)

/** A chain in memory, of so many records that are over. */
function chainOf(count: number): RetentionDependencies['store'] {
  const at = new Date(clock.now().getTime() - 500 * dayMs)
  const links: KeptLink[] = []
  let last: Place = origin
  for (let turn = 0; turn < count; turn++) {
    const record = {
      ...{ id: `r${turn}`, at, actorKind: 'user', actorId: 'usr_ada', onBehalfOf: null, action: 'role.grant' },
      ...{ target: 'usr_eve', outcome: 'done', requestId: 'req_1', detail: {} },
    }
    last = linkAfter(last, 'users', record)
    links.push({ ...last, recordId: record.id, record })
  }
  let head = signHead(keyring, 'users', { from: origin, to: last })
  return {
    head: async () => head,
    links: async (after, max) => links.slice(after, after + max),
    async forget(_before, next) {
      head = next
      return 'forgotten'
    },
  }
}

it('removes all that is over at one look, in however many batches', { timeout: 600_000 }, async () => {
  const store = chainOf(2_000)
  const terms = { chain: 'users', keyring, clock, keptDays: 400, logger: silentLogger }
  expect(await createRetention({ ...terms, store, batchRecords: 1 }).forget()).toBe(2_000)
})
