/** Who may have texts judged: the gateway, to which they were presented. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

export const foreignKeyRules = { Mutation: { recogniseForeignKey: onlyService('gateway') } } satisfies Rules
