/** Access lists in GraphQL. */
import type { AccessList } from '@latchkey/principal/access-list'
import type { ApiKey, ListedKey } from '../keys/key.ts'
import { creatorOf } from '../keys/reach.ts'
import { type KeyContext, whole } from '../keys/resolvers.ts'
import type { AcceptInput, AccessService } from './service.ts'

export interface AccessContext extends KeyContext {
  readonly access: AccessService
}

const confinementOf = async (key: ListedKey | ApiKey, context: KeyContext) => (await whole(key, context)).confinement

export const accessResolvers = {
  Mutation: {
    acceptApiKeyFields: async (_: unknown, { input }: { readonly input: AcceptInput }, context: AccessContext) => ({
      apiKey: await context.access.accept(creatorOf(context), input),
    }),
  },
  ApiKey: {
    access: async (key: ListedKey, _: unknown, context: AccessContext) =>
      (await confinementOf(key, context)).access ?? null,
    operations: async (key: ListedKey, _: unknown, context: AccessContext) =>
      (await confinementOf(key, context)).operations ?? null,
    persistedOperations: async (key: ListedKey, _: unknown, context: AccessContext) =>
      (await confinementOf(key, context)).persistedOperations ?? null,
  },
  ApiKeyAccess: {
    accepted: ({ accepted }: AccessList) => accepted ?? null,
    stale: (list: AccessList, _: unknown, { access }: AccessContext) => access.stale(list),
    pending: (list: AccessList, _: unknown, { access }: AccessContext) => access.pending(list),
  },
}
