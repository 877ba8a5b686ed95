/** Counters: what a try is counted under, and where it is known from when nothing is kept of it. */
import type { KnownDevice } from '../devices/device-token.ts'
import type { Tried } from './history.ts'
import type { Indexes } from './indexes.ts'
import type { CounterPolicy, Policies } from './limits.ts'

export interface Counter {
  readonly name: string
  readonly policy: CounterPolicy
  /** What Postgres is asked for when nothing is kept; null where nothing could be known. */
  readonly tried: Tried | null
  /** What a success does to the tries before it. A network may be shared, and its budget is never cleared. */
  readonly onSuccess: 'forget' | 'give back'
}

/** What has stopped: strangers here, strangers anywhere, or second factors. */
export const stopKinds = ['here', 'anywhere', 'factor'] as const
export type StopKind = (typeof stopKinds)[number]

export const counterNames = {
  identifier: (index: string) => `identifier:${index}`,
  network: (index: string) => `network:${index}`,
  asked: (index: string) => `asked:${index}`,
  device: (deviceId: string) => `device:${deviceId}`,
  factor: (account: string, deviceId: string | null) => `factor:${account}:${deviceId ?? ''}`,
  notice: (account: string, kind: StopKind) => `notice:${account}:${kind}`,
}

export const createCounters = (policies: Policies, indexes: Indexes) => ({
  /** Of strangers; each network is a place of its own. */
  identifier(typed: string): Counter {
    const { newest, every } = indexes.identifier(typed)
    const tried = { of: 'identifier', indexes: every() } as const
    return { name: counterNames.identifier(newest), policy: policies.identifier, tried, onSuccess: 'forget' }
  },
  network(address: string | undefined): Counter {
    const { newest, every } = indexes.network(address)
    const tried = { of: 'network', indexes: every() } as const
    return { name: counterNames.network(newest), policy: policies.network, tried, onSuccess: 'give back' }
  },
  /** Challenges and mails from one network; it is lost with Redis. */
  asked: (address: string | undefined): Counter => ({
    ...{ name: counterNames.asked(indexes.network(address).newest), policy: policies.asked },
    ...{ tried: null, onSuccess: 'give back' },
  }),
  device({ deviceId, userId }: Pick<KnownDevice, 'deviceId' | 'userId'>): Counter {
    const tried = { of: 'device', userId, deviceId } as const
    return { name: counterNames.device(deviceId), policy: policies.device, tried, onSuccess: 'forget' }
  },
  /** Of one account, of whatever kind and from wherever; a known device has its own. */
  factor(userId: string, deviceId: string | null): Counter {
    const { newest, every } = indexes.account(userId)
    const names = every().map((account) => counterNames.factor(account, deviceId))
    const tried = { of: 'factor', userId, deviceId, names } as const
    const name = counterNames.factor(newest, deviceId)
    return { name, policy: policies.factor, tried, onSuccess: 'forget' }
  },
  /** Mails that tell a person of a lock. */
  notice: (userId: string, kind: StopKind): Counter => ({
    ...{
      name: counterNames.notice(indexes.account(userId).newest, kind),
      policy: policies.notice,
      tried: null,
      onSuccess: 'give back',
    },
  }),
})
