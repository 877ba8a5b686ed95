/** GraphQL in, keys out. */
import { apiKeyPrefix } from '@latchkey/principal/api-key-text'
import type { GuardedContext } from '@latchkey/subgraph'
import { guardReference } from '@latchkey/subgraph/guard'
import type { PageArguments } from '@latchkey/subgraph/page'
import type { ApiKey, ListedKey, MintedKey, NewKeyInput } from './key.ts'
import { askerOf, creatorOf, reachOf } from './reach.ts'
import { mayReadKeys, userReference } from './rules.ts'
import type { KeyFilter, KeyService, RevokeKeyInput } from './service.ts'

export interface KeyContext extends GuardedContext {
  readonly keys: KeyService
}

interface ById {
  readonly id: string
}

interface Input<Value> {
  readonly input: Value
}

/** What a list leaves out is read when it is asked for. */
export const whole = async (key: ListedKey | ApiKey, { keys, principal }: KeyContext): Promise<ApiKey> =>
  'metadata' in key ? key : keys.visible(key.id, reachOf(principal))

type ListArguments = PageArguments & { readonly filter?: KeyFilter | null }

export const keyResolvers = {
  Query: {
    apiKey: (_: unknown, { id }: ById, { keys, principal }: KeyContext) => keys.visible(id, reachOf(principal)),
    apiKeys: (_: unknown, { filter, ...page }: ListArguments, { keys, principal }: KeyContext) =>
      keys.list(reachOf(principal), page, filter ?? {}),
  },
  Mutation: {
    createApiKey: (_: unknown, { input }: Input<NewKeyInput>, context: KeyContext) =>
      context.keys.create(creatorOf(context), input),
    revokeApiKey: async (_: unknown, { input }: Input<RevokeKeyInput>, context: KeyContext) => ({
      apiKey: await context.keys.revoke(askerOf(context), reachOf(context.principal), input),
    }),
  },
  User: {
    __resolveReference: guardReference<ById>(userReference, ({ id }) => ({ id })),
    apiKeys: ({ id }: ById, _: unknown, { keys }: KeyContext) => keys.liveOf(id),
  },
  ApiKey: {
    __resolveReference: guardReference<ById, KeyContext>(mayReadKeys, ({ id }, { keys, principal }) =>
      keys.visible(id, reachOf(principal)),
    ),
    prefix: ({ environment, id }: ListedKey) => apiKeyPrefix({ environment, keyId: id }),
    description: async (key: ListedKey, _: unknown, context: KeyContext) => (await whole(key, context)).description,
    metadata: async (key: ListedKey, _: unknown, context: KeyContext) =>
      JSON.stringify((await whole(key, context)).metadata),
    successor: async (key: ListedKey, _: unknown, context: KeyContext) => {
      const { successorId } = await whole(key, context)
      return successorId === null ? null : context.keys.visible(successorId, reachOf(context.principal))
    },
    predecessor: ({ id }: ListedKey, _: unknown, { keys }: KeyContext) => keys.predecessorOf(id),
    owner: ({ ownerId }: ListedKey) => ({ id: ownerId }),
    resources: async (key: ListedKey, _: unknown, context: KeyContext) =>
      (await whole(key, context)).confinement.resources ?? null,
    networks: async (key: ListedKey, _: unknown, context: KeyContext) =>
      (await whole(key, context)).confinement.networks ?? null,
    origins: async (key: ListedKey, _: unknown, context: KeyContext) =>
      (await whole(key, context)).confinement.origins ?? null,
    status: (key: ListedKey, _: unknown, { keys }: KeyContext) => keys.statusOf(key),
    createdAt: ({ createdAt }: ListedKey) => createdAt.toISOString(),
    expiresAt: ({ expiresAt }: ListedKey) => expiresAt.toISOString(),
    disabledAt: ({ disabledAt }: ListedKey) => disabledAt?.toISOString() ?? null,
    revokedAt: ({ revokedAt }: ListedKey) => revokedAt?.toISOString() ?? null,
  },
  CreateApiKeyPayload: {
    apiKey: ({ key }: MintedKey) => key,
    secret: ({ text }: MintedKey) => text,
  },
}
