/** Webhooks in GraphQL. */
import { auditActions } from '@latchkey/audit'
import type { Resolvers } from '@latchkey/subgraph'
import type { PageArguments } from '@latchkey/subgraph/page'
import { administratorOf } from '../administration/administrator.ts'
import type { UsersContext } from '../context.ts'
import type { ReplayWebhookDeliveriesInput, WebhookDeliveryFilter } from './delivery.ts'
import type { CreateWebhookEndpointInput, UpdateWebhookEndpointInput } from './endpoint.ts'

type ListArguments = PageArguments & { readonly filter?: WebhookDeliveryFilter | null }
interface ById {
  readonly id: string
}

export const webhookResolvers: Resolvers<UsersContext> = {
  Query: {
    webhookEndpoints: (_parent, _args, { webhookEndpointService }) => webhookEndpointService.list(),
    webhookEventTypes: () => auditActions,
    webhookDeliveries: (_parent: unknown, { filter, ...page }: ListArguments, { webhookDeliveryService }) =>
      webhookDeliveryService.list(filter ?? {}, page),
  },
  Mutation: {
    createWebhookEndpoint: (_parent, { input }: { input: CreateWebhookEndpointInput }, context) =>
      context.webhookEndpointService.create(input, administratorOf(context)),
    updateWebhookEndpoint: async (_parent, { input }: { input: UpdateWebhookEndpointInput }, context) => ({
      endpoint: await context.webhookEndpointService.update(input, administratorOf(context)),
    }),
    deleteWebhookEndpoint: (_parent, { id }: ById, context) =>
      context.webhookEndpointService.remove(id, administratorOf(context)),
    rotateWebhookSecret: (_parent, { id }: ById, context) =>
      context.webhookEndpointService.rotateSecret(id, administratorOf(context)),
    testWebhookEndpoint: async (_parent, { id }: ById, context) => ({
      delivery: await context.webhookDeliveryService.test(id, administratorOf(context)),
    }),
    replayWebhookDeliveries: (_parent, { input }: { input: ReplayWebhookDeliveriesInput }, context) =>
      context.webhookDeliveryService.replay(input, administratorOf(context)),
  },
}
