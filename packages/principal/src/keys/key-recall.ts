/** What a presented text is worth by what was read before: an answer that counts only while all of that still stands. */
import type { Clock } from '@latchkey/clock'
import type { CredentialRecords, RememberedKey } from '../records/credential-records.ts'
import type { Proviso } from '../records/proviso.ts'
import { type KeyEnvironment, parseApiKeyText } from './api-key-text.ts'
import type { ShownFrom } from './key-check.ts'
import type { ProvesKey } from './key-proof.ts'
import type { KeyThrottle } from './key-throttle.ts'
import { judgeKey } from './key-verdict.ts'

export interface RecalledKey extends RememberedKey {
  /** To be called once it is known that the proviso holds: the key is let in. */
  welcome(): void
}

/** `null`: `KeyCheck` has to say. Nobody is asked, and nothing is counted. */
type KeyRecall = (text: string, from: ShownFrom) => RecalledKey | null

export interface KeyRecallDependencies {
  readonly records: Pick<CredentialRecords, 'remembered'>
  readonly provesKey: ProvesKey
  readonly throttle: KeyThrottle
  /** Keys of the other environment are refused. */
  readonly environment: KeyEnvironment
  readonly clock: Clock
}

/**
 * It accepts what `KeyCheck` would accept if nothing had changed since, and refuses nothing: whatever is not plainly right is for
 * `KeyCheck`, which reads. `undefined` where to read costs nothing.
 */
export function createKeyRecall(dependencies: KeyRecallDependencies): KeyRecall | undefined {
  const { records, provesKey, throttle, environment, clock } = dependencies
  if (!records.remembered) return undefined
  const remembered = records.remembered.bind(records)
  const provisoOf = createProvisos(throttle)
  return (text, from) => {
    const parsed = parseApiKeyText(text)
    if (!parsed || parsed.environment !== environment) return null
    const { keyId } = parsed
    const known = remembered(keyId)
    if (!known || provesKey(known.key, text) !== true) return null
    const { key, grants } = known
    const { address, origin } = from
    const nowMs = clock.now().getTime()
    if (judgeKey({ key, secret: 'proved', grants, environment, address, origin, nowMs }) !== null) return null
    const place = throttle.placeOf(address)
    const proviso = provisoOf(known, place)
    return proviso && { key, grants, proviso, welcome: () => throttle.welcome(place, keyId) }
  }
}

const placesMax = 16

/** One for each key and place, as long as nothing changes: equal questions are told by it. */
function createProvisos(throttle: KeyThrottle) {
  const known = new WeakMap<RememberedKey, Map<string | null, Proviso>>()
  return (remembered: RememberedKey, place: string | null): Proviso | null => {
    const byPlace = known.get(remembered) ?? new Map<string | null, Proviso>()
    known.set(remembered, byPlace)
    const before = byPlace.get(place)
    if (before) return before
    const unstopped = throttle.unstopped(place)
    if (!unstopped) return null
    if (byPlace.size >= placesMax) byPlace.clear()
    const proviso = [...unstopped, ...remembered.proviso]
    byPlace.set(place, proviso)
    return proviso
  }
}
