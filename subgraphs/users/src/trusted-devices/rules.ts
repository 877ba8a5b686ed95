/** Who may see trusted devices and trust them no more: their person. Who may have one trusted: Sessions. */
import { allow, onlyService, type Rules, signedInPerson } from '@latchkey/subgraph/guard'
import { maySeeAccount } from '../accounts/rules.ts'

const sessions = onlyService('sessions')

export const trustedDeviceRules = {
  Mutation: {
    revokeTrustedDevice: signedInPerson,
    revokeTrustedDevices: signedInPerson,
    trustDevice: sessions,
    useTrustedDevice: sessions,
  },
  User: { trustedDevices: maySeeAccount },
  // Reached through what is guarded above only.
  TrustedDevice: allow,
  RevokeTrustedDevicePayload: allow,
  RevokeTrustedDevicesPayload: allow,
  TrustAnswer: sessions,
} satisfies Rules
