/** Who may see and change passkeys. */
import { Problem } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'
import { freshPerson } from '../rules.ts'
import { provedLikePasskey } from '../second-factors/second-factor.ts'

/** A factor goes by itself or by something as strong. */
const asStrongAsPasskey = rule(
  'asStrongAsPasskey',
  (_parent, _args, { principal }) =>
    (principal.kind === 'user' && provedLikePasskey(principal)) || new Problem('STEP_UP_REQUIRED'),
  { cache: 'principal' },
)

export const passkeyRules = {
  Mutation: {
    startPasskeyEnrolment: freshPerson,
    finishPasskeyEnrolment: freshPerson,
    renamePasskey: freshPerson,
    removePasskey: inOrder(freshPerson, asStrongAsPasskey),
  },
  User: { passkeys: maySeeAccount },
  // Reached through what is guarded above only.
  Passkey: allow,
  StartPasskeyEnrolmentPayload: allow,
  FinishPasskeyEnrolmentPayload: allow,
  RenamePasskeyPayload: allow,
  RemovePasskeyPayload: allow,
} satisfies Rules
