/** Who may ask what an account is permitted: the gateway, and ApiKeys before it makes a key for one. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const asked = onlyService('gateway', 'api-keys')

export const grantsRules = { Query: { grants: asked }, Grants: asked } satisfies Rules
