/**
 * Who may change a key: its owner, in person; an administrator may set any key aside, and changes and rotates those of service
 * accounts, which have nobody to do it. Nobody else is shown the secret of a person's key.
 */
import { allow, inOrder, type Rules, requiresScopes, signedInPerson } from '@latchkey/subgraph/guard'

const asItsOwner = inOrder(signedInPerson, requiresScopes(['keys:write']))
const asAnyone = inOrder(signedInPerson, requiresScopes(['keys:write'], ['keys:admin']))

export const lifecycleRules = {
  Mutation: {
    updateApiKey: asItsOwner,
    disableApiKey: asAnyone,
    enableApiKey: asAnyone,
    rotateApiKey: asItsOwner,
  },
  // These objects exist only in the answer to whoever made the change; the key they lead to has rules of its own.
  UpdateApiKeyPayload: allow,
  DisableApiKeyPayload: allow,
  EnableApiKeyPayload: allow,
  RotateApiKeyPayload: allow,
} satisfies Rules
