/** Who may ask what an account is permitted. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const services = onlyService('gateway', 'sessions')

export const grantsRules = { Query: { grants: services }, Grants: services } satisfies Rules
