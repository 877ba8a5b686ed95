/** Changes of keys in GraphQL. */
import type { GuardedContext } from '@latchkey/subgraph'
import type { MintedKey } from '../keys/key.ts'
import { askerOf, creatorOf, reachOf } from '../keys/reach.ts'
import type { KeyUpdate } from './change.ts'
import type { LifecycleService, RotateInput } from './service.ts'

export interface LifecycleContext extends GuardedContext {
  readonly lifecycle: LifecycleService
}

interface Input<Value> {
  readonly input: Value
}

interface ById {
  readonly id: string
}

export const lifecycleResolvers = {
  Mutation: {
    updateApiKey: async (_: unknown, { input }: Input<KeyUpdate>, context: LifecycleContext) => ({
      apiKey: await context.lifecycle.update(creatorOf(context), input),
    }),
    disableApiKey: async (_: unknown, { id }: ById, context: LifecycleContext) => ({
      apiKey: await context.lifecycle.turn(askerOf(context), reachOf(context.principal), id, 'DISABLED'),
    }),
    enableApiKey: async (_: unknown, { id }: ById, context: LifecycleContext) => ({
      apiKey: await context.lifecycle.turn(askerOf(context), reachOf(context.principal), id, 'ENABLED'),
    }),
    rotateApiKey: (_: unknown, { input }: Input<RotateInput>, context: LifecycleContext) =>
      context.lifecycle.rotate(creatorOf(context), input),
  },
  RotateApiKeyPayload: {
    apiKey: ({ key }: MintedKey) => key,
    secret: ({ text }: MintedKey) => text,
  },
}
