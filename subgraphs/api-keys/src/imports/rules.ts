/** Who may take keys out and bring them in: an administrator of keys, in person. That they are fresh, the schema asks for. */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'

const administrator = inOrder(signedInPerson, requiresScopes(['keys:admin']))

export const transferRules = {
  Mutation: { exportApiKeys: administrator, importApiKeys: administrator },
  // These objects exist only in the answer to whoever asked.
  ExportApiKeysPayload: allow,
  ImportApiKeysPayload: allow,
  ImportedApiKeyRow: allow,
} satisfies Rules
