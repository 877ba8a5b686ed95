/** Who may have owners told of their keys: ApiKeys, which knows no addresses. */
import { onlyService, type Rules } from '@latchkey/subgraph/guard'

const apiKeys = onlyService('api-keys')

export const keyNoticeRules = {
  Mutation: { sendKeyNotice: apiKeys },
  SendKeyNoticePayload: apiKeys,
} satisfies Rules
