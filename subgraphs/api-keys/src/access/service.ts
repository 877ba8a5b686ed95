/** What becomes of access lists when the schema changes: keys that name what is gone, and fields that wait to be accepted. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import type { AccessList } from '@latchkey/principal/access-list'
import { badInput, Problem } from '@latchkey/problem'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import type { ApiKey } from '../keys/key.ts'
import { type Asker, type AuditRecord, outboxPayload, trailOf } from '../keys/trail.ts'
import type { LifecycleStore } from '../lifecycle/store.ts'
import { ownerToChange } from '../owners/reach.ts'
import { accepting, pendingIn, staleIn } from './access.ts'
import type { AccessStore, Announce, ListedAccess } from './store.ts'

export interface AccessDependencies {
  readonly store: AccessStore
  readonly changes: LifecycleStore
  readonly announce: Announce
  /** Whose the key is; null: there is none. */
  readonly ownerOf: (keyId: string) => Promise<string | null>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  /** The schema that clients see now. */
  readonly publicGraph: () => PublicGraph
}

export interface AcceptInput {
  readonly id: string
  readonly fields?: readonly string[] | null
}

/** A key that works, and what its access list names and a schema has no more. */
export interface StaleKey {
  readonly keyId: string
  readonly missing: readonly string[]
}

export interface AccessService {
  /** What the list names and the schema has no more. */
  stale(access: AccessList): readonly string[]
  /** What its rules mean by now and nobody has accepted. */
  pending(access: AccessList): readonly string[]
  /**
   * Grants what has come under the key's rules since they were saved, or those of it that are named; and forgets what is gone.
   * BAD_USER_INPUT for a field that is not pending, NOT_FOUND.
   */
  accept(person: Asker & { readonly principal: UserPrincipal }, input: AcceptInput): Promise<ApiKey>
  /** Judges every key that works by the schema as it is: whatever has become stale is noted, once, and told of in the log. */
  check(): Promise<readonly StaleKey[]>
  /** The same for one key that has changed. */
  checkOne(keyId: string): Promise<void>
  /** What another schema would make stale. Changes nothing. */
  staleUnder(graph: PublicGraph): Promise<readonly StaleKey[]>
}

const pageSize = 500

export function createAccessService(dependencies: AccessDependencies): AccessService {
  const { store, changes, announce, ownerOf, keyring, clock, entropy, logger, publicGraph } = dependencies
  const trail = { clock, entropy, seal: (payload: string) => keyring.seal('data', payload, outboxPayload) }

  async function* everyKey(): AsyncGenerator<ListedAccess> {
    for (let after = ''; ; ) {
      const keys = await store.listed({ after, now: clock.now(), limit: pageSize })
      yield* keys
      after = keys.at(-1)?.keyId ?? after
      if (keys.length < pageSize) return
    }
  }

  async function settle({ keyId, version, access, missing: known }: ListedAccess): Promise<readonly string[]> {
    const missing = staleIn(access, publicGraph().schema)
    if (missing.length === 0) {
      if (known) await store.clear([keyId])
      return missing
    }
    const at = clock.now()
    const noted = await store.note({ keyId, version, missing, at }, staleRecord(keyId, missing))
    if (noted === 'noted') logger.warn({ keyId, missing }, 'the access list of a key names what the schema has no more')
    return missing
  }

  const staleRecord = (keyId: string, missing: readonly string[]): AuditRecord => ({
    ...{ id: newId(entropy, 'aud'), at: clock.now(), actorKind: 'service', actorId: 'api-keys' },
    ...{ action: 'api-key.access-stale', target: keyId, outcome: 'done', requestId: 'composition' },
    detail: { missing },
  })

  return {
    stale: (access) => staleIn(access, publicGraph().schema),
    pending: (access) => pendingIn(access, publicGraph().schema),
    async accept(person, { id, fields }) {
      const ownerId = await ownerToChange(id, person.principal, ownerOf)
      const accepted = await changes.change({
        ...{ id, ownerId, by: person.principal.userId, announce },
        decide(key) {
          const { schema } = publicGraph()
          const { access } = key.confinement
          const chosen = chosenOf(access ? pendingIn(access, schema) : [], fields)
          const next = access && accepting(access, chosen, schema)
          if (!next || next.accepted?.join() === access.accepted?.join()) return null
          return {
            key: { ...key, confinement: { ...key.confinement, access: next }, version: key.version + 1 },
            trail: trailOf('api-key.fields-accepted', id, person, { fields: chosen }, trail),
          }
        },
      })
      if (!accepted || accepted === 'full') throw new Problem('NOT_FOUND', `key ${id}`)
      return accepted
    },
    async check() {
      const stale: StaleKey[] = []
      for await (const key of everyKey()) {
        const missing = await settle(key)
        if (missing.length > 0) stale.push({ keyId: key.keyId, missing })
      }
      await store.clearEnded(clock.now())
      return stale
    },
    async checkOne(keyId) {
      const key = await store.one(keyId, clock.now())
      await (key ? settle(key) : store.clear([keyId]))
    },
    async staleUnder({ schema }) {
      const stale: StaleKey[] = []
      for await (const { keyId, access } of everyKey()) {
        const missing = staleIn(access, schema)
        if (missing.length > 0) stale.push({ keyId, missing })
      }
      return stale
    },
  }
}

/** Throws BAD_USER_INPUT for a field that is not pending. */
function chosenOf(pending: readonly string[], fields: readonly string[] | null | undefined): readonly string[] {
  const wrong = fields?.find((field) => !pending.includes(field))
  if (wrong !== undefined)
    throw badInput({ 'input.fields': `names what does not wait to be accepted: ${wrong.slice(0, 64)}` })
  return fields ? [...new Set(fields)] : pending
}
