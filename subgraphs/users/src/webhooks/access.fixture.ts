/** Access to webhooks, field by field: rows of the access table. */

/** What is asked of each: about an endpoint that does not exist, so that who may is told from who may not. */
export const webhookOperations: Readonly<Record<string, string>> = {
  'Query.webhookEndpoints': '{ webhookEndpoints { id url } }',
  'Query.webhookEventTypes': '{ webhookEventTypes }',
  'Query.webhookDeliveries': '{ webhookDeliveries(first: 1) { nodes { id answer } } }',
  'Mutation.createWebhookEndpoint': 'mutation { createWebhookEndpoint(input: { url: "" }) { secret } }',
  'Mutation.updateWebhookEndpoint': 'mutation { updateWebhookEndpoint(input: { id: "whe_x" }) { endpoint { id } } }',
  'Mutation.deleteWebhookEndpoint': 'mutation { deleteWebhookEndpoint(id: "whe_x") { id } }',
  'Mutation.rotateWebhookSecret': 'mutation { rotateWebhookSecret(id: "whe_x") { secret } }',
  'Mutation.testWebhookEndpoint': 'mutation { testWebhookEndpoint(id: "whe_x") { delivery { id } } }',
  'Mutation.replayWebhookDeliveries':
    'mutation { replayWebhookDeliveries(input: { endpointId: "whe_x", deliveryIds: ["whd_x"] }) { count } }',
}

type Verdicts = Readonly<Record<string, string>>

/** `forbidden`: everyone's verdict where nobody may. The verdicts are those of `access.test.ts`. */
export function webhookAccess(forbidden: Verdicts, onlyReaders: Verdicts) {
  const sent = {
    ...forbidden,
    'writing admin': 'NOT_FOUND',
    "writing admin's key": 'NOT_FOUND',
    'deaf admin': 'NOT_FOUND',
  }
  const changed = { ...sent, "writing admin's key": 'FORBIDDEN', 'stale admin': 'STEP_UP_REQUIRED' }
  // What somebody may not read, they may not have sent to themselves either.
  const chosen = { ...changed, 'deaf admin': 'FORBIDDEN' }
  const read = { ...onlyReaders, 'writing admin': 'FORBIDDEN' }
  return {
    'Query.webhookEndpoints': read,
    'Query.webhookEventTypes': read,
    'Query.webhookDeliveries': read,
    'Mutation.createWebhookEndpoint': { ...chosen, 'writing admin': 'BAD_USER_INPUT' },
    'Mutation.updateWebhookEndpoint': chosen,
    'Mutation.deleteWebhookEndpoint': changed,
    'Mutation.rotateWebhookSecret': chosen,
    'Mutation.testWebhookEndpoint': sent,
    'Mutation.replayWebhookDeliveries': sent,
  }
}
