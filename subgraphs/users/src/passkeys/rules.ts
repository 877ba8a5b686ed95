/** Who may see and change passkeys. */
import { stepUpRequired } from '@latchkey/problem'
import { allow, inOrder, type Rules, rule, signedInPerson } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'
import { provedLikePasskey } from '../second-factors/second-factor.ts'

const asAPasskey = stepUpRequired({
  assurance: { level: 'AAL2', maxAgeSeconds: 600 },
  factors: ['PASSKEY', 'TOTP', 'RECOVERY_CODE'],
})

/** A factor goes by itself or by something as strong. */
const asStrongAsPasskey = rule(
  'asStrongAsPasskey',
  (_parent, _args, { principal }) => (principal.kind === 'user' && provedLikePasskey(principal)) || asAPasskey,
  { cache: 'principal' },
)

export const passkeyRules = {
  Mutation: {
    startPasskeyEnrolment: signedInPerson,
    finishPasskeyEnrolment: signedInPerson,
    renamePasskey: signedInPerson,
    removePasskey: inOrder(signedInPerson, asStrongAsPasskey),
  },
  User: { passkeys: maySeeAccount },
  // Reached through what is guarded above only.
  Passkey: allow,
  StartPasskeyEnrolmentPayload: allow,
  FinishPasskeyEnrolmentPayload: allow,
  RenamePasskeyPayload: allow,
  RemovePasskeyPayload: allow,
} satisfies Rules
