/** Tells owners that their keys are used: of each key once in a second at most, however busy it is. */

import type { Clock } from '@latchkey/clock'
import { type AccountNews, tellListeners } from '@latchkey/principal/account-news'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { keyRefusedBy } from '../authenticate/refused-key.ts'
import type { Witness } from '../pipeline.ts'
import { outcomeOf } from '../usage/witness.ts'

export interface KeyUseTeller {
  readonly witness: Witness
  close(): void
}

interface Uses {
  readonly ownerId: string
  uses: number
  refused: number
}

const everyMs = 1_000
/** The first use after a quiet second is told soon. */
const soonMs = 20
/** Of so many different keys it is told in one second. Uses of others are counted all the same, where uses are counted. */
const keysMax = 2_000

interface KeyUseDependencies {
  readonly news: Pick<AccountNews, 'tell' | 'listenedTo'>
  readonly clock: Clock
}

export function createKeyUseTeller({ news, clock }: KeyUseDependencies): KeyUseTeller {
  let gathered = new Map<string, Uses>()
  let toldAtMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  function tell(): void {
    timer = undefined
    toldAtMs = performance.now()
    const at = clock.now().getTime()
    const told = [...gathered].map(([id, { ownerId, uses, refused }]) => ({
      accountId: ownerId,
      news: { event: { field: 'apiKeyUsed', facts: { id, uses, refused, at } } },
    }))
    gathered = new Map()
    // Whoever listens is told of the next use; nothing else rests upon it.
    tellListeners(news, told).catch(() => {})
  }

  function note({ keyId, ownerId }: ApiKeyRecord, outcome: string): void {
    const uses = gathered.get(keyId) ?? { ownerId, uses: 0, refused: 0 }
    if (uses.uses === 0 && gathered.size >= keysMax) return
    uses.uses += 1
    if (outcome.startsWith('DENIED:')) uses.refused += 1
    gathered.set(keyId, uses)
    timer ??= setTimeout(tell, Math.max(soonMs, toldAtMs + everyMs - performance.now())).unref()
  }

  return {
    witness(_request, ending) {
      const key = ending.caller ? ending.caller.key : keyRefusedBy(ending.thrown)
      if (key) note(key, outcomeOf(ending))
    },
    close: () => clearTimeout(timer),
  }
}
