/** What can be done about a sign-in that is locked: forgive the tries that locked it. */
import { dayMs, type Entropy, newId } from '@latchkey/clock'
import { badInput } from '@latchkey/problem'
import { counterNames, stopKinds } from '../attempts/counter.ts'
import { identifierLengthMax } from '../attempts/identifier.ts'
import type { Indexes } from '../attempts/indexes.ts'
import type { AttemptStore } from '../attempts/store.ts'
import type { Occasion } from '../ledger/ledger.ts'
import { parseNetwork } from '../networks/network-rule.ts'
import type { UnlockStore } from './store.ts'

/** Exactly one of them. */
export interface UnlockInput {
  readonly userId?: string | null
  readonly email?: string | null
  /** One address, of IPv4 or IPv6. */
  readonly network?: string | null
}

export interface Unlocking {
  /**
   * Forgives the wrong tries on an account, on whatever an address names, or from a network; signing in goes on as if they had
   * never been made. The answer is the same whether there were any. BAD_USER_INPUT unless exactly one is named.
   */
  unlock(input: UnlockInput, occasion: Occasion): Promise<void>
  /** Drops whatever is counted of an account that is erased; its history must not be gone yet. Rejects with UNAVAILABLE. */
  drop(userId: string): Promise<void>
}

interface UnlockDependencies {
  readonly store: UnlockStore
  readonly counters: Pick<AttemptStore, 'drop' | 'now'>
  readonly indexes: Indexes
  readonly entropy: Entropy
}

/** No counter looks back further. */
export const lookBackMs = dayMs

type Named = { readonly userId: string } | { readonly email: string } | { readonly network: string }

function parseInput({ userId, email, network }: UnlockInput): Named {
  const named: Named[] = [
    ...(userId ? [{ userId }] : []),
    ...(email ? [{ email }] : []),
    ...(network ? [{ network }] : []),
  ]
  const [one, ...more] = named
  if (!one || more.length > 0) throw badInput({ input: 'must hold exactly one of userId, email and network' })
  if (email && email.trim().length > identifierLengthMax)
    throw badInput({ 'input.email': 'is longer than an address can be' })
  if (network && (network.includes('/') || !parseNetwork(network)))
    throw badInput({ 'input.network': 'must be one address, of IPv4 or IPv6' })
  return one
}

export function createUnlocking({ store, counters, indexes, entropy }: UnlockDependencies): Unlocking {
  /** What is forgiven, the counters of it, and what the audit record names: never an address. */
  async function scopeOf(named: Named, now: Date) {
    if ('network' in named) {
      const { newest, every } = indexes.network(named.network)
      return { subjects: every(), names: [counterNames.network(newest), counterNames.asked(newest)], target: newest }
    }
    const since = new Date(now.getTime() - lookBackMs)
    const typed = 'email' in named ? indexes.identifier(named.email) : null
    const found = await store.traces(typed ? { indexes: typed.every() } : { userId: idIn(named) }, since)
    const identifiers = [...found.identifiers, ...(typed ? typed.every() : [])]
    const userIds = [...found.userIds, ...('userId' in named ? [named.userId] : [])]
    const names = [
      ...identifiers.map(counterNames.identifier),
      ...userIds.flatMap((userId) => {
        const { newest } = indexes.account(userId)
        return [null, ...found.deviceIds].map((deviceId) => counterNames.factor(newest, deviceId))
      }),
      ...found.deviceIds.map(counterNames.device),
    ]
    return { subjects: [...identifiers, ...userIds], names, target: userIds[0] ?? typed?.newest ?? '' }
  }

  async function dropAll(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => counters.drop(name)))
  }

  return {
    async unlock(input, occasion) {
      const named = parseInput(input)
      // What is forgiven was tried before: both are timed alike.
      const at = await counters.now()
      const { subjects, names, target } = await scopeOf(named, at)
      // Postgres first: a counter that is dropped is filled again from there, without what is forgiven.
      await store.forgive(subjects, target, { id: newId(entropy, 'aud'), at, occasion })
      await dropAll(names)
    },
    async drop(userId) {
      const { names } = await scopeOf({ userId }, await counters.now())
      await dropAll([...names, ...noticesOf(indexes.account(userId).newest)])
    },
  }
}

const noticesOf = (account: string) => stopKinds.map((kind) => counterNames.notice(account, kind))

const idIn = (named: Named): string => ('userId' in named ? named.userId : '')
