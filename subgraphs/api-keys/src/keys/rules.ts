/** Who may see, make and end keys. */
import { Problem } from '@latchkey/problem'
import {
  type GuardedContext,
  inOrder,
  type Rules,
  requiresScopes,
  rule,
  signedInPerson,
} from '@latchkey/subgraph/guard'
import type { ListedKey } from './key.ts'
import { reaches, reachOf } from './reach.ts'
import type { KeyFilter } from './service.ts'

const speaksForAUser = rule(
  'speaksForAUser',
  (_parent, _args, { principal }) => {
    if (principal.kind === 'anonymous') return new Problem('UNAUTHENTICATED')
    return principal.kind !== 'service' || new Problem('FORBIDDEN')
  },
  { cache: 'principal' },
)

/** Of a key itself: whether it is in reach, `visible` decides once it is loaded. */
export const mayReadKeys = inOrder(speaksForAUser, requiresScopes(['keys:read'], ['keys:admin']))
const mayEndKeys = inOrder(speaksForAUser, requiresScopes(['keys:write'], ['keys:admin']))

const reached = (ownerId: string, { principal }: GuardedContext) =>
  reaches(reachOf(principal), ownerId) || new Problem('NOT_FOUND')

const keyInReach = rule<ListedKey>('keyInReach', ({ ownerId }, _args, context) => reached(ownerId, context), {
  cache: 'none',
})

const userInReach = rule<{ readonly id: string }>('userInReach', ({ id }, _args, context) => reached(id, context), {
  cache: 'none',
})

/** Naming another owner is no question about an id, so it is refused as what it is. */
const ownerInReach = rule<unknown, { readonly filter?: KeyFilter | null }>(
  'ownerInReach',
  (_parent, { filter }, { principal }) =>
    typeof filter?.ownerId !== 'string' || reaches(reachOf(principal), filter.ownerId) || new Problem('FORBIDDEN'),
  { cache: 'none' },
)

/** A user comes here as an id; nothing is loaded for it. */
export const userReference = speaksForAUser

export const theirKey = inOrder(mayReadKeys, keyInReach)

export const keyRules = {
  Query: {
    apiKey: mayReadKeys,
    apiKeys: inOrder(mayReadKeys, ownerInReach),
  },
  Mutation: {
    createApiKey: inOrder(signedInPerson, requiresScopes(['keys:write'])),
    revokeApiKey: mayEndKeys,
  },
  User: {
    id: speaksForAUser,
    apiKeys: inOrder(mayReadKeys, userInReach),
  },
  ApiKey: {
    // Without a scope of its own, as in the schema: who may end a key may be told which one ended.
    id: inOrder(speaksForAUser, keyInReach),
    name: theirKey,
    description: theirKey,
    metadata: theirKey,
    prefix: theirKey,
    lastFour: theirKey,
    scopes: theirKey,
    status: theirKey,
    createdAt: theirKey,
    expiresAt: theirKey,
    disabledAt: theirKey,
    revokedAt: theirKey,
    successor: theirKey,
    resources: theirKey,
    networks: theirKey,
    origins: theirKey,
    predecessor: theirKey,
    owner: theirKey,
  },
  ApiKeyConnection: mayReadKeys,
  ApiKeyEdge: mayReadKeys,
  PageInfo: mayReadKeys,
  CreateApiKeyPayload: signedInPerson,
  RevokeApiKeyPayload: mayEndKeys,
} satisfies Rules
