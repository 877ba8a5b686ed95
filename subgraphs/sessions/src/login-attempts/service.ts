/** What can be done with login attempts: put one on record, look at them, forget the old ones. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import type { Keyring } from '@latchkey/secrets'
import { deviceName } from '@latchkey/subgraph/device'
import { coarseNetwork } from '@latchkey/subgraph/network'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import type { Logger } from '@latchkey/telemetry'
import { countOf } from '@latchkey/telemetry/metrics'
import { identifierLengthMax } from '../attempts/identifier.ts'
import type { Indexes } from '../attempts/indexes.ts'
import { addressPlace, type LoginAttempt, type LoginMethod, type LoginOutcome } from './login-attempt.ts'
import type { TellNewDevice } from './new-device.ts'
import type { LoginAttemptStore } from './store.ts'

interface LoginAttemptDependencies {
  readonly store: LoginAttemptStore
  readonly tellNewDevice: TellNewDevice
  readonly indexes: Indexes
  readonly keyring: Pick<Keyring, 'seal'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
}

/** What is known of an attempt when it is over. */
export interface MadeAttempt {
  readonly method: LoginMethod
  readonly outcome: LoginOutcome
  readonly userId?: string | null
  /** As it was typed; nothing where no address was asked for. */
  readonly identifier?: string
  /** Of the try, where one was taken: what is counted and what is on record are then known to be the same. */
  readonly id?: string
  /** Of the try, likewise. */
  readonly at?: Date | null
  /** Set when it was counted as that of a known device. */
  readonly deviceId?: string | null
  /** Of a success: the tries that it forgave, as `settle` told them. */
  readonly forgave?: readonly string[]
}

/** Where it came from. */
export interface AttemptOrigin {
  readonly address?: string | undefined
  readonly userAgent?: string | undefined
  readonly requestId: string
}

export interface LoginAttemptFilter {
  readonly userId?: string | null
  /** An exact address. */
  readonly email?: string | null
  readonly outcome?: LoginOutcome | null
}

export interface LoginAttempts {
  /**
   * The same work whatever came of it; a sign-in with a new device is told to its person besides. A failure is told in the
   * log and to nobody else: it must not undo a sign-in.
   */
  record(made: MadeAttempt, origin: AttemptOrigin): Promise<void>
  /** Newest first. BAD_USER_INPUT for a bad page or an overlong address. */
  list(filter: LoginAttemptFilter, page: PageArguments): Promise<Page<LoginAttempt>>
}

const signIns = countOf('latchkey_sign_ins_total', 'Attempts to sign in, by method and outcome.', ['method', 'outcome'])

export function createLoginAttempts(dependencies: LoginAttemptDependencies): LoginAttempts {
  const { store, tellNewDevice, indexes, keyring, clock, entropy, logger } = dependencies
  function attemptOf(made: MadeAttempt, origin: AttemptOrigin) {
    const { identifier, userId, method, outcome, deviceId = null, id = newId(entropy, 'att'), at, forgave = [] } = made
    const { address, userAgent, requestId } = origin
    return {
      id,
      at: at ?? clock.now(),
      method,
      outcome,
      userId: userId ?? null,
      device: deviceName(userAgent),
      network: coarseNetwork(address),
      identifierIndex: identifier === undefined ? '' : indexes.identifier(identifier).newest,
      networkIndex: indexes.network(address).newest,
      deviceId,
      forgave,
      auditId: newId(entropy, 'aud'),
      sealedAddress: address ? keyring.seal('data', address, addressPlace(id)) : null,
      requestId,
    }
  }

  return {
    async record(made, origin) {
      signIns.add({ method: made.method, outcome: made.outcome })
      try {
        const { newDevice } = await store.add(attemptOf(made, origin))
        if (newDevice && made.userId) await tellNewDevice(made.userId, origin)
      } catch (err) {
        logger.warn({ err, requestId: origin.requestId }, 'a login attempt could not be put on record, or told')
      }
    },
    async list({ userId = null, email, outcome = null }, page) {
      const request = parsePage(page)
      if (email && email.length > identifierLengthMax)
        throw badInput({ 'filter.email': 'is longer than an address can be' })
      const identifierIndexes = email ? indexes.identifier(email).every() : null
      const found = await store.page({
        ...{ userId, identifierIndexes, outcome },
        after: request.after,
        limit: request.size + 1,
      })
      return pageOf(found, request, ({ at, id }) => ({ at, id }))
    },
  }
}
