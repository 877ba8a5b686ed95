/** Who may ask what an account is permitted: whoever judges a credential, or makes one. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const asked = onlyService('gateway', 'sessions', 'api-keys')

export const grantsRules = { Query: { grants: asked }, Grants: asked } satisfies Rules
