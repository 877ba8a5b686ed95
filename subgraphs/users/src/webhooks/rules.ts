/** Who may see webhooks, say where they are sent, and have them sent again. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'
import { someone } from '../rules.ts'

const reads = inOrder(someone, requiresScopes(['webhooks:read']))
const sends = inOrder(someone, requiresScopes(['webhooks:write']))
/** A person, and by the schema one who has only just proved who they are: what is set here outlives a stolen session (ASVS 8.4.2). */
const changes = inOrder(signedInPerson, requiresScopes(['webhooks:write']))
/** Whoever chooses what is sent, and where, reads it there. */
const chooses = inOrder(signedInPerson, requiresScopes(['webhooks:write', 'audit:read']))

export const webhookRules = {
  Query: { webhookEndpoints: reads, webhookEventTypes: reads, webhookDeliveries: reads },
  Mutation: {
    createWebhookEndpoint: chooses,
    updateWebhookEndpoint: chooses,
    deleteWebhookEndpoint: changes,
    rotateWebhookSecret: chooses,
    testWebhookEndpoint: sends,
    replayWebhookDeliveries: sends,
  },
  // Reached through the fields above only.
  WebhookEndpoint: allow,
  WebhookDelivery: allow,
  WebhookDeliveryConnection: allow,
  WebhookDeliveryEdge: allow,
  CreateWebhookEndpointPayload: allow,
  UpdateWebhookEndpointPayload: allow,
  DeleteWebhookEndpointPayload: allow,
  RotateWebhookSecretPayload: allow,
  TestWebhookEndpointPayload: allow,
  ReplayWebhookDeliveriesPayload: allow,
} satisfies Rules
