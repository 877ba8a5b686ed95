/** Attempts: a try is taken before anything is looked at, and given back when it was right. */
import { type Entropy, newId } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { KnownDevice } from '../devices/device-token.ts'
import type { Networks } from '../networks/service.ts'
import { type Counter, createCounters, type StopKind } from './counter.ts'
import { forgivenWith } from './forgiveness.ts'
import type { AttemptHistory } from './history.ts'
import type { Indexes } from './indexes.ts'
import { type AttemptLimit, policiesOf } from './limits.ts'
import type { AttemptStore } from './store.ts'

/** One counter's part of a try: plain, for it may have to wait for a second factor. */
export interface Reservation {
  readonly counter: string
  readonly place: string
  readonly id: string
  readonly onSuccess: Counter['onSuccess']
}

export interface Try {
  /** The attempt's id in the history, so that nothing is counted twice. */
  readonly id: string
  /** When it was taken, as whoever counts has the time, so that what is on record fits what is counted; null: it was not counted. */
  readonly at: Date | null
  /** `locked`: there was none left, and nothing must be evaluated. */
  readonly outcome: 'granted' | 'locked'
  /** Set when it was counted as that of a known device. */
  readonly deviceId: string | null
  /** What stops with it, if it is a wrong one: its person is told. */
  readonly last: StopKind | null
  /** What is settled when the person has proved who they are, now or later. */
  readonly reservations: readonly Reservation[]
  /** Nothing was evaluated after all: the try counts as never made. */
  giveBack(): Promise<void>
}

/** Where a try comes from. */
export interface TriedFrom {
  readonly address?: string | undefined
  /** The device the client is known by to the very account; null for a stranger. */
  readonly device?: KnownDevice | null
}

/**
 * Every `take…` rejects with RATE_LIMITED when the network has used up its budget, with FORBIDDEN when it is banned, and with
 * UNAVAILABLE rather than to grant unasked.
 */
export interface Attempts {
  /** For the password of an identifier. */
  take(identifier: string, from: TriedFrom): Promise<Try>
  /** For a second factor of an account, of whatever kind and from wherever: counted apart from passwords. */
  takeFactor(userId: string, from: TriedFrom): Promise<Try>
  /** For whatever says by itself whose it is: counted at the network alone. */
  takeAnonymous(address: string | undefined): Promise<Try>
  /** For a challenge or a mail, before anything is tried: counted at the network, apart from wrong tries. */
  ask(address: string | undefined): Promise<void>
  /** Something was wrong that no try was taken for: it is counted at the network. */
  charge(address: string | undefined): Promise<void>
  /**
   * The person proved who they are: the tries from this place, or of this device, are forgotten. Answers what was forgiven, for the
   * record of the success.
   */
  settle(reservations: readonly Reservation[]): Promise<readonly string[]>
  /** Whether a person may be told of a lock now: once a day for each kind. */
  mayTell(userId: string, kind: StopKind): Promise<boolean>
}

interface AttemptDependencies {
  readonly store: AttemptStore
  readonly history: AttemptHistory
  readonly networks: Pick<Networks, 'standing'>
  readonly indexes: Indexes
  readonly entropy: Entropy
  readonly limit: AttemptLimit
}

const banned = () => new Problem('FORBIDDEN', 'a banned network', { message: 'Nobody can sign in from this network.' })

function createUnlimited(entropy: Entropy): Attempts {
  const free = async (): Promise<Try> => ({
    ...{ id: newId(entropy, 'att'), at: null, outcome: 'granted', deviceId: null, last: null, reservations: [] },
    giveBack: async () => {},
  })
  return {
    ...{ take: free, takeFactor: free, takeAnonymous: free },
    ...{ ask: async () => {}, charge: async () => {}, settle: async () => [], mayTell: async () => false },
  }
}

export function createAttempts(dependencies: AttemptDependencies): Attempts {
  const { store, history, networks, indexes, entropy, limit } = dependencies
  if (limit === 'unlimited') return createUnlimited(entropy)
  const counters = createCounters(policiesOf(limit), indexes)
  const networkOf = (address: string | undefined) => indexes.network(address).newest

  /** Nothing kept: nobody has tried, or Redis has forgotten. Postgres knows which. */
  async function takeFrom({ name, policy, tried }: Counter, id: string, place = '') {
    const asked = { id, place }
    const verdict = await store.take(name, asked, policy)
    if (verdict.outcome !== 'unknown') return verdict
    const since = new Date(verdict.atMs - policy.windowMs)
    const known = tried ? await history.tries(tried, since, policy.max) : []
    const told = await store.take(name, asked, policy, known)
    if (told.outcome === 'unknown') throw new Problem('INTERNAL', 'a counter that was told everything is unknown')
    return told
  }

  const reserved = ({ name, onSuccess }: Counter, id: string, place = ''): Reservation => ({
    ...{ counter: name, place, id, onSuccess },
  })

  async function giveBack(reservations: readonly Reservation[]): Promise<void> {
    await Promise.all(reservations.map(({ counter, ...taken }) => store.giveBack(counter, taken)))
  }

  /** What a network may not go on without. Answers whether it is counted at all. */
  async function isCounted(address: string | undefined): Promise<boolean> {
    const standing = await networks.standing(address)
    if (standing === 'banned') throw banned()
    return standing === 'ordinary'
  }

  async function takeOrRefuse(counter: Counter, id: string): Promise<Date> {
    const verdict = await takeFrom(counter, id)
    if (verdict.outcome === 'denied')
      throw new Problem('RATE_LIMITED', 'one network', { retryAfterMs: verdict.retryAfterMs })
    return new Date(verdict.atMs)
  }

  /** The network's part, where it is counted. */
  async function admit(id: string, { address, device }: TriedFrom): Promise<Pick<Try, 'at' | 'reservations'>> {
    if (!(await isCounted(address)) || device) return { at: null, reservations: [] }
    const counter = counters.network(address)
    return { at: await takeOrRefuse(counter, id), reservations: [reserved(counter, id)] }
  }

  async function takeOne(counter: Counter, from: TriedFrom, place = ''): Promise<Try> {
    const id = newId(entropy, 'att')
    const { reservations: ofNetwork } = await admit(id, from)
    const verdict = await takeFrom(counter, id, place)
    const granted = verdict.outcome === 'granted'
    const reservations = granted ? [...ofNetwork, reserved(counter, id, place)] : ofNetwork
    return {
      ...{ id, at: new Date(verdict.atMs) },
      ...{ outcome: granted ? 'granted' : 'locked', last: granted ? verdict.last : null, reservations },
      deviceId: from.device?.deviceId ?? null,
      giveBack: () => giveBack(reservations),
    }
  }

  return {
    async take(identifier, from) {
      if (!from.device) return takeOne(counters.identifier(identifier), from, networkOf(from.address))
      return { ...(await takeOne(counters.device(from.device), from)), last: null }
    },
    async takeFactor(userId, from) {
      const taken = await takeOne(counters.factor(userId, from.device?.deviceId ?? null), from)
      return { ...taken, last: taken.last && 'factor' }
    },
    async takeAnonymous(address) {
      const id = newId(entropy, 'att')
      const { at, reservations } = await admit(id, { address })
      const giveItBack = () => giveBack(reservations)
      return { id, at, outcome: 'granted', deviceId: null, last: null, reservations, giveBack: giveItBack }
    },
    async ask(address) {
      if (await isCounted(address)) await takeOrRefuse(counters.asked(address), newId(entropy, 'att'))
    },
    async charge(address) {
      if ((await networks.standing(address)) === 'ordinary')
        await takeFrom(counters.network(address), newId(entropy, 'att'))
    },
    async settle(reservations) {
      const [toForget, toGiveBack] = [
        reservations.filter(({ onSuccess }) => onSuccess === 'forget'),
        reservations.filter(({ onSuccess }) => onSuccess === 'give back'),
      ]
      await Promise.all([...toForget.map(({ counter, place }) => store.forget(counter, place)), giveBack(toGiveBack)])
      return reservations.map(forgivenWith)
    },
    async mayTell(userId, kind) {
      const verdict = await takeFrom(counters.notice(userId, kind), newId(entropy, 'att'))
      return verdict.outcome === 'granted'
    },
  }
}
