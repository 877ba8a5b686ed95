/** Who may ask what an account is permitted. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const gateway = onlyService('gateway')

export const grantsRules = { Query: { grants: gateway }, Grants: gateway } satisfies Rules
