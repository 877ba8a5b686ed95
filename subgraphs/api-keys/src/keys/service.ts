/** What can be done with keys. Knows nothing of GraphQL, HTTP or Prisma. */
import type { Clock, Entropy } from '@latchkey/clock'
import type { Scope, UserPrincipal } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import { Problem } from '@latchkey/problem'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Keyring } from '@latchkey/secrets'
import { type Page, type PageArguments, pageOf, parsePage } from '@latchkey/subgraph/page'
import type { Logger } from '@latchkey/telemetry'
import { ownerOfNewKey } from '../owners/owner.ts'
import type { OwnerStandings } from '../owners/standing.ts'
import {
  type ApiKey,
  type KeyStatus,
  type ListedKey,
  liveKeysMax,
  type MintedKey,
  mintKey,
  type NewKeyInput,
  parseNewKey,
  parseReason,
  statusOf,
} from './key.ts'
import { type Reach, reaches } from './reach.ts'
import type { ApiKeyStore } from './store.ts'
import { type Asker, detailOf, outboxPayload, trailOf } from './trail.ts'

export interface KeyServiceDependencies {
  readonly store: ApiKeyStore
  /** Tells every process what the key is now. Rejects with UNAVAILABLE. */
  readonly announce: (key: ApiKey) => Promise<void>
  readonly keyring: Keyring
  readonly clock: Clock
  readonly entropy: Entropy
  readonly logger: Logger
  readonly environment: KeyEnvironment
  readonly scopesInGraph: () => readonly Scope[]
  readonly publicGraph: () => PublicGraph
  readonly standings: OwnerStandings
}

export interface KeyFilter {
  readonly status?: KeyStatus | null
  readonly ownerId?: string | null
  readonly stale?: boolean | null
}

export interface RevokeKeyInput {
  readonly id: string
  readonly reason?: string | null
}

export interface KeyService {
  /**
   * The key and its only text. BAD_USER_INPUT, FORBIDDEN (a scope the creator lacks, an owner they make no keys for), CONFLICT
   * (100 live keys already, an owner who is not active), NOT_FOUND (the owner).
   */
  create(creator: Asker & { readonly principal: UserPrincipal }, input: NewKeyInput): Promise<MintedKey>
  /** NOT_FOUND when it is unknown or out of reach: the two read the same. */
  visible(id: string, reach: Reach): Promise<ApiKey>
  /** Keys in reach, newest first. BAD_USER_INPUT for a bad page. */
  list(reach: Reach, page: PageArguments, filter: KeyFilter): Promise<Page<ApiKey>>
  /** The keys that work now, newest first: at most 100. */
  liveOf(ownerId: string): Promise<readonly ListedKey[]>
  statusOf(key: ListedKey): KeyStatus
  /** The key that was rotated into this one, of the same owner; null: it was made anew. */
  predecessorOf(id: string): Promise<ApiKey | null>
  /** The key, ended; once it has ended, asking again changes nothing. NOT_FOUND, BAD_USER_INPUT, UNAVAILABLE. */
  revoke(asker: Asker, reach: Reach, input: RevokeKeyInput): Promise<ApiKey>
}

export function createKeyService(dependencies: KeyServiceDependencies): KeyService {
  const { store, announce, keyring, clock, entropy, logger, environment, scopesInGraph, publicGraph, standings } =
    dependencies
  const seal = (payload: string) => keyring.seal('data', payload, outboxPayload)
  const mac = (text: string) => keyring.mac('api-key', text)
  const trail = { clock, entropy, seal }

  return {
    async create(creator, input) {
      const { userId, scopes: permitted } = creator.principal
      const terms = parseNewKey(input, { permitted, known: scopesInGraph(), now: clock.now(), graph: publicGraph() })
      const ownerId = await ownerOfNewKey(input, creator.principal, { standings, requestId: creator.requestId })
      const minted = mintKey(ownerId, terms, { environment, entropy, clock, mac })
      const { id } = minted.key
      const detail = { ...detailOf(minted.key), ...(ownerId !== userId && { ownerId }) }
      const outcome = await store.add(minted.key, trailOf('api-key.created', id, creator, detail, trail), {
        liveMax: liveKeysMax,
      })
      if (outcome === 'full') throw tooManyKeys(ownerId)
      if (outcome === 'forgotten')
        throw new Problem(ownerId === userId ? 'CREDENTIAL_REJECTED' : 'NOT_FOUND', `owner ${ownerId} was erased`)
      // The key exists: were this write to fail, the first request with the key would be told by Postgres.
      await announce(minted.key).catch((error: unknown) =>
        logger.warn({ err: error, keyId: id }, 'a new key was not announced'),
      )
      return minted
    },

    async visible(id, reach) {
      const key = await store.byId(id)
      if (!key || !reaches(reach, key.ownerId)) throw new Problem('NOT_FOUND', `key ${id}`)
      return key
    },

    async list(reach, page, filter) {
      const request = parsePage(page)
      const { status = null, stale = null, ownerId } = filter
      const narrowed: Reach = typeof ownerId === 'string' ? { of: 'owner', ownerId } : reach
      const limit = request.size + 1
      const found = await store.page({ reach: narrowed, status, stale, after: request.after, now: clock.now(), limit })
      return pageOf(found, request, ({ createdAt, id }) => ({ at: createdAt, id }))
    },

    async liveOf(ownerId) {
      const now = clock.now()
      const live = (await store.lastingOf(ownerId)).filter((key) => statusOf(key, now) === 'ACTIVE')
      return live.sort(newestFirst)
    },

    statusOf: (key) => statusOf(key, clock.now()),

    predecessorOf: store.predecessorOf,

    async revoke(asker, reach, { id, reason }) {
      const revocation = { id, reach, at: clock.now(), reason: parseReason(reason) }
      // The reason is the owner's own words: it stands in the row, which can be emptied, and not in the record, which stays.
      const ended = await store.revoke(revocation, trailOf('api-key.revoked', id, asker, {}, trail), announce)
      if (!ended) throw new Problem('NOT_FOUND', `key ${id}`)
      return ended
    },
  }
}

const newestFirst = (one: ListedKey, other: ListedKey): number =>
  other.createdAt.getTime() - one.createdAt.getTime() || (one.id < other.id ? 1 : -1)

const tooManyKeys = (ownerId: string): Problem =>
  new Problem('CONFLICT', `owner ${ownerId}`, {
    message: `You have ${liveKeysMax} keys that work. Revoke one before you make another.`,
  })
