/** Rotation: moves signing keys from station to station, by schedule or because an operator says so. */
import { type Clock, type Entropy, newId, secondMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import { gaugeOf } from '@latchkey/telemetry/metrics'
import { dueSteps, type KeyStation, type Step } from './schedule.ts'
import { newSigningKey } from './signing-key.ts'
import type { KeyRecord, SigningKeyStore } from './store.ts'

interface RotationDependencies {
  readonly store: SigningKeyStore
  readonly keyring: Pick<Keyring, 'seal'>
  readonly clock: Clock
  readonly entropy: Entropy
}

export interface SigningKeyRotation {
  /** Does what is due. Any number of processes may; each step is done once. */
  keepUp(): Promise<void>
  /** Publishes the next key now. It takes over half an hour later, and nobody notices. `null`: one is published already. */
  begin(): Promise<{ readonly kid: string } | null>
  /**
   * A key was stolen: a new one signs at once, and no token of any other proves anything. Whoever is signed in refreshes.
   * Verifiers that keep the published keys learn of it within the minute (ours) or the ten minutes that they may keep them.
   */
  replaceAll(): Promise<{ readonly kid: string }>
  stations(): Promise<readonly KeyStation[]>
}

export function createSigningKeyRotation({ store, keyring, clock, entropy }: RotationDependencies): SigningKeyRotation {
  let signsSince: Date | null = null
  gaugeOf('latchkey_signing_key_age_seconds', 'How long the key has signed that access tokens are signed with.', () =>
    signsSince ? (clock.now().getTime() - signsSince.getTime()) / secondMs : 0,
  )
  const record = (actorKind: KeyRecord['actorKind'], outcome: KeyRecord['outcome']): KeyRecord => ({
    id: newId(entropy, 'aud'),
    at: clock.now(),
    actorKind,
    outcome,
  })

  async function publish(actorKind: KeyRecord['actorKind']): Promise<{ kid: string } | null> {
    const key = newSigningKey(keyring, entropy)
    return (await store.addNext(key, record(actorKind, 'published'))) ? { kid: key.kid } : null
  }

  function take(step: Step): Promise<unknown> {
    switch (step.kind) {
      case 'publish':
        return publish('service')
      case 'promote':
        return store.promote(step.kid, record('service', 'active'))
      case 'retire':
        return store.retire(step.kid, record('service', 'retired'))
    }
  }

  return {
    async keepUp() {
      const stations = await store.stations()
      signsSince = stations.find(({ state }) => state === 'active')?.since ?? null
      for (const step of dueSteps(stations, clock.now())) await take(step)
    },
    begin: () => publish('operator'),
    async replaceAll() {
      const key = newSigningKey(keyring, entropy)
      await store.replaceAll(key, record('operator', 'replaced'))
      return { kid: key.kid }
    },
    stations: store.stations,
  }
}
