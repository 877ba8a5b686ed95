/** The use cases of everything about second factors, on their stores. */

import { admitsUnconfirmedSince } from '../email/policy.ts'
import { createEmailCodeService } from '../email-codes/service.ts'
import { prismaEmailCodeStore } from '../email-codes/store.prisma.ts'
import { createPasskeyAssertions } from '../passkeys/assertions.ts'
import { createPasskeyService } from '../passkeys/service.ts'
import { prismaPasskeyStore } from '../passkeys/store.prisma.ts'
import { createWebAuthn, relyingPartyOf } from '../passkeys/web-authn.ts'
import { createRecoveryCodeService } from '../recovery-codes/service.ts'
import { prismaRecoveryCodeStore } from '../recovery-codes/store.prisma.ts'
import type { Tools } from '../tools.ts'
import { createTotpService } from '../totp/service.ts'
import { prismaTotpStore } from '../totp/store.prisma.ts'
import { createTrustedDeviceService } from '../trusted-devices/service.ts'
import { prismaTrustedDeviceStore } from '../trusted-devices/store.prisma.ts'
import { createFactorChanges } from './changes.ts'
import { prismaLastSignIn } from './last-sign-in.prisma.ts'
import { createSecondFactorService } from './service.ts'
import { prismaFactorStore } from './store.prisma.ts'

export function createFactorServices(tools: Tools) {
  const { database, clock, emailVerification, deviceTrust } = tools
  const unconfirmedSince = () => admitsUnconfirmedSince(emailVerification, clock.now())
  const factorStore = prismaFactorStore(database)
  const shared = { ...tools, factorStore, factorChanges: createFactorChanges({ ...tools, factorStore }) }
  const passkeys = {
    ...shared,
    store: prismaPasskeyStore(database, unconfirmedSince),
    webAuthn: createWebAuthn(relyingPartyOf(tools.publicUrl)),
  }
  const totpService = createTotpService({ ...shared, store: prismaTotpStore(database, unconfirmedSince) })
  const recoveryCodeService = createRecoveryCodeService({
    ...shared,
    store: prismaRecoveryCodeStore(database, unconfirmedSince),
  })
  const emailCodeService = createEmailCodeService({
    ...shared,
    store: prismaEmailCodeStore(database, unconfirmedSince),
  })
  const lastSignIn = prismaLastSignIn(tools)
  const passkeyAssertions = createPasskeyAssertions(passkeys)
  const services = { totpService, recoveryCodeService, emailCodeService, passkeyAssertions }
  return {
    ...services,
    passkeyService: createPasskeyService(passkeys),
    secondFactorService: createSecondFactorService({
      ...services,
      factorStore,
      lastSignIn,
      contacts: tools.contacts,
    }),
    trustedDeviceService: createTrustedDeviceService({
      ...{ ...shared, lastSignIn, deviceTrust },
      store: prismaTrustedDeviceStore(database),
    }),
  }
}
