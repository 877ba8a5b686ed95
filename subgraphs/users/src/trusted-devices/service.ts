/** What can be done with trusted devices: trust one, sign in on it without a second factor, look at them, trust them no more. */
import type { Clock } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { deviceName } from '@latchkey/subgraph/device'
import { coarseNetwork } from '@latchkey/subgraph/network'
import { isAccountId } from '../accounts/account.ts'
import type { Audit, Cause } from '../audit/audit.ts'
import type { LastSignIn } from '../second-factors/last-sign-in.prisma.ts'
import type { FactorStore } from '../second-factors/store.ts'
import type { TrustedDeviceStore } from './store.ts'
import {
  type DeviceTrust,
  isDeviceId,
  type TrustedDevice,
  trustedAt,
  trustedForMs,
  trustWillDo,
} from './trusted-device.ts'

export interface TrustedDeviceDependencies {
  readonly store: TrustedDeviceStore
  readonly factorStore: Pick<FactorStore, 'stateOf'>
  readonly lastSignIn: LastSignIn
  readonly deviceTrust: DeviceTrust
  readonly audit: Audit
  readonly clock: Clock
}

/** A device of an account that has just signed in, or is about to. */
export interface DeviceQuestion {
  readonly userId: string
  /** Judged by Sessions: it is this account that knows the device by it. */
  readonly deviceId: string
  /** The account's session epoch when it was proved who they are. */
  readonly sessionEpoch: number
}

export interface TrustAnswer {
  readonly outcome: 'TRUSTED' | 'NOT_TRUSTED'
}

export interface TrustedDeviceService {
  /**
   * For 30 days, after a second factor was right on it. Not where devices are never trusted, where that would not do in place
   * of the factor that a role asks for, and not when the account has ended its sessions meanwhile. An eleventh takes the place
   * of the oldest.
   */
  trust(question: DeviceQuestion, cause: Cause): Promise<TrustAnswer>
  /** Whether the password will do here, which was right just now; the sign-in is complete then, and noted. */
  use(question: DeviceQuestion): Promise<TrustAnswer>
  /** The newest first, ten at most. */
  ofAccount(accountId: string): Promise<readonly TrustedDevice[]>
  /** Rejects with NOT_FOUND for one that is not theirs, or not trusted any more. */
  revoke(person: UserPrincipal, id: string, cause: Cause): Promise<{ readonly id: string }>
  revokeAll(person: UserPrincipal, cause: Cause): Promise<{ readonly ids: readonly string[] }>
}

const trusted: TrustAnswer = { outcome: 'TRUSTED' }
const notTrusted: TrustAnswer = { outcome: 'NOT_TRUSTED' }

export function createTrustedDeviceService(dependencies: TrustedDeviceDependencies): TrustedDeviceService {
  const { store, factorStore, lastSignIn, deviceTrust, audit, clock } = dependencies

  const mayBeTrusted = async ({ userId, deviceId }: DeviceQuestion): Promise<boolean> =>
    isAccountId(userId) && isDeviceId(deviceId) && trustWillDo(deviceTrust, await factorStore.stateOf(userId))

  const ofAccount = async (accountId: string) => trustedAt(await store.ofAccount(accountId), clock.now())

  function revoked({ userId }: UserPrincipal, ids: readonly string[], cause: Cause) {
    const record = audit({ action: 'trusted-device.revoke', target: userId, outcome: 'revoked' }, cause)
    return store.revoke(userId, ids, record)
  }

  return {
    async trust(question, cause) {
      if (!(await mayBeTrusted(question))) return notTrusted
      const { userId: accountId, deviceId: id, sessionEpoch } = question
      const createdAt = clock.now()
      const isAdded = await store.add({
        ...{ accountId, id, sessionEpoch, createdAt },
        name: deviceName(cause.client?.userAgent),
        network: coarseNetwork(cause.client?.address),
        expiresAt: new Date(createdAt.getTime() + trustedForMs),
        record: audit({ action: 'trusted-device.add', target: accountId, outcome: 'trusted' }, cause),
      })
      return isAdded ? trusted : notTrusted
    },
    async use(question) {
      if (!(await mayBeTrusted(question))) return notTrusted
      const { userId: accountId, deviceId: id, sessionEpoch } = question
      if (!(await store.use({ accountId, id, sessionEpoch, at: clock.now() }))) return notTrusted
      await lastSignIn.note(accountId)
      return trusted
    },
    ofAccount,
    async revoke(person, id, cause) {
      const isTheirs = (await ofAccount(person.userId)).some((device) => device.id === id)
      const [gone] = isTheirs ? await revoked(person, [id], cause) : []
      if (!gone) throw new Problem('NOT_FOUND', 'no such trusted device of this account')
      return { id }
    },
    async revokeAll(person, cause) {
      const ids = (await ofAccount(person.userId)).map(({ id }) => id)
      return { ids: ids.length > 0 ? await revoked(person, ids, cause) : [] }
    },
  }
}
