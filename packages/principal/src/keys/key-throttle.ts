/** The throttle of wrong keys: a network that showed too many is stopped before anything is looked up for it. */
import { type Clock, minuteMs } from '@latchkey/clock'
import { addressBits } from '../address-bits.ts'
import type { Proviso } from '../records/proviso.ts'
import { knownForMs, type WrongKeyBudget, type WrongKeys } from './wrong-keys.ts'

/** Right keys are never counted; whoever shows one from where it was let in within the last hour is not stopped. */
export interface KeyThrottle {
  /** The name of the place that is counted together; null where nothing is counted. */
  placeOf(address: string | undefined): string | null
  /** What a key of another system is welcomed by: its text says no id, and is not to be asked about. Says nothing of the text. */
  nameOf(text: string): string
  /** How long the place has to wait, or 0. In the turn of the event loop that reads a record it costs no round trip. */
  waitMs(place: string | null): Promise<number>
  /** What the place need not wait by; `null`: it has to be asked. */
  unstopped(place: string | null): Proviso | null
  /** Whether this key may be looked up although the place has to wait. */
  knows(place: string | null, keyId: string): Promise<boolean>
  /** A wrong key was shown. How long the place has to wait, when there were as many before; else 0. */
  charge(place: string | null): Promise<number>
  /** The key was let in. Nobody waits for this to be written. */
  welcome(place: string | null, keyId: string): void
}

export interface KeyThrottleDependencies {
  readonly store: WrongKeys
  /** `unlimited` is for measuring. */
  readonly budget: WrongKeyBudget | 'unlimited'
  /** Names places: what is kept must not say where anybody is. */
  readonly peppers: {
    mac(purpose: 'api-key', message: string): { readonly mac: Uint8Array }
    keyIds(purpose: 'api-key'): readonly string[]
  }
  readonly clock: Clock
}

const placesMax = 10_000
/** A key that is used all the time is written down this often. */
const welcomeAgainMs = 10 * minuteMs

/** An IPv4 address, or the /64 of an IPv6 one: a household has all of it to choose from. */
const bitsMax = 64

const nothing: Proviso = []

const open: KeyThrottle = {
  placeOf: () => null,
  nameOf: () => '',
  waitMs: async () => 0,
  unstopped: () => nothing,
  knows: async () => true,
  charge: async () => 0,
  welcome: () => {},
}

export function createKeyThrottle({ store, budget, peppers, clock }: KeyThrottleDependencies): KeyThrottle {
  if (budget === 'unlimited') return open
  const nowMs = () => clock.now().getTime()
  const places = new Map<string, string>()
  let placesUnder: string | undefined
  /** When each key was written down as known to a place, by this process. */
  const welcomed = new Map<string, number>()
  const isFresh = (name: string, withinMs: number) => {
    const atMs = welcomed.get(name)
    return atMs !== undefined && nowMs() - atMs < withinMs
  }

  // No text of a key has a space, so no MAC of these is that of a key.
  const named = (kind: 'network' | 'text', what: string) =>
    Buffer.from(peppers.mac('api-key', `${kind} ${what}`).mac)
      .subarray(0, 16)
      .toString('base64url')

  return {
    placeOf(address) {
      if (address === undefined) return null
      // Every process names a place alike, or each would count for itself: what the pepper before named is forgotten.
      const [newest] = peppers.keyIds('api-key')
      if (newest !== placesUnder) places.clear()
      placesUnder = newest
      const known = places.get(address)
      if (known !== undefined) return known
      const place = named('network', addressBits(address)?.bits.slice(0, bitsMax) ?? 'unknown')
      if (places.size >= placesMax) places.clear()
      places.set(address, place)
      return place
    },
    nameOf: (text) => named('text', text),
    async waitMs(place) {
      return place === null ? 0 : store.stoppedForMs(place)
    },
    unstopped(place) {
      if (place === null) return nothing
      return store.notStopped ? [store.notStopped(place)] : null
    },
    async knows(place, keyId) {
      if (place === null || isFresh(`${place} ${keyId}`, knownForMs)) return true
      return store.isWelcome(place, keyId)
    },
    async charge(place) {
      return place === null ? 0 : store.charge(place, budget)
    },
    welcome(place, keyId) {
      const name = `${place} ${keyId}`
      if (place === null || isFresh(name, welcomeAgainMs)) return
      if (welcomed.size >= placesMax) welcomed.clear()
      welcomed.set(name, nowMs())
      store.welcome(place, keyId).catch(() => welcomed.delete(name))
    },
  }
}
