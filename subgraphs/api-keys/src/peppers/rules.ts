/** Who may have a key hashed anew: the gateway, which has found its text right. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

export const pepperRules = { Mutation: { rehashApiKey: onlyService('gateway') } } satisfies Rules
