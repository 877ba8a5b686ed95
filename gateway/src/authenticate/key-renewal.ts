/** Moves a key to the newest pepper once it was used: beside the request, which does not wait, and once for each key. */
import { type Clock, minuteMs, secondMs } from '@latchkey/clock'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { Keyring } from '@latchkey/secrets'
import { createBoundedCache } from '@latchkey/subgraph/bounded-cache'
import type { Logger } from '@latchkey/telemetry'
import type { KeyErrands } from './key-errands.ts'

export interface KeyRenewalDependencies {
  readonly keyring: Pick<Keyring, 'keyIds'>
  readonly rehashApiKey: KeyErrands['rehashApiKey']
  readonly clock: Clock
  readonly logger: Logger
}

/** Told of a key whose text was found right. Neither waits nor throws. */
export type RenewKey = (key: Pick<ApiKeyRecord, 'keyId' | 'pepperId'>, text: string) => void

const rememberedMax = 20_000
/** After it came to nothing: ApiKeys was away. */
const againAfterMs = minuteMs
/** ApiKeys does not make with the newest pepper yet: of two processes that follow a keyring one is the first. */
const soonMs = 2 * secondMs

export function createKeyRenewal({ keyring, rehashApiKey, clock, logger }: KeyRenewalDependencies): RenewKey {
  const newestNow = () => keyring.keyIds('api-key')[0]
  /** By key and the pepper that it is to move to, when it may be asked for again. */
  const asked = createBoundedCache<number>({ entriesMax: rememberedMax })
  const nowMs = () => clock.now().getTime()

  async function renew(keyId: string, text: string): Promise<'renewed' | 'not yet'> {
    const renewed = await rehashApiKey(keyId, text)
    return renewed?.pepperId === newestNow() ? 'renewed' : 'not yet'
  }

  return ({ keyId, pepperId }, text) => {
    const newest = newestNow()
    const move = `${keyId} ${newest}`
    if (pepperId === newest || newest === undefined || (asked.find(move) ?? 0) > nowMs()) return
    asked.keep(move, Number.POSITIVE_INFINITY)
    renew(keyId, text)
      .then((outcome) => {
        if (outcome === 'not yet') asked.keep(move, nowMs() + soonMs)
      })
      .catch((error: unknown) => {
        asked.keep(move, nowMs() + againAfterMs)
        logger.warn({ err: error, keyId }, 'a key stays under an older pepper')
      })
  }
}
