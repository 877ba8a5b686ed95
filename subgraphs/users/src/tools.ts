/** What several features share, made once. */
import { prismaAddresseeStore } from './accounts/addressee.prisma.ts'
import { createAddressees } from './accounts/addressee.ts'
import { createContacts } from './accounts/contact.ts'
import { createPersonalData } from './accounts/personal-data.ts'
import { prismaAccountStore } from './accounts/store.prisma.ts'
import { prismaAdministrationStore } from './administration/store.prisma.ts'
import { createSuspensionEnd } from './administration/suspension-end.ts'
import { createAllowances } from './allowances/allowance.ts'
import { createAudit } from './audit/audit.ts'
import { prismaHeldStore } from './data-exports/contributors.prisma.ts'
import { ownContributors } from './data-exports/contributors.ts'
import { createPreparation } from './data-exports/preparation.ts'
import { prismaDataExportStore } from './data-exports/store.prisma.ts'
import { createDataHolders, createKeyHolder } from './data-holders/data-holder.ts'
import { prismaStandingStore } from './email/standing.prisma.ts'
import { createStandings } from './email/standing.ts'
import { createVerificationMails } from './email/verification-mail.ts'
import { createForgetEndedSessions } from './grants/ended-sessions.ts'
import { createGrantsService } from './grants/service.ts'
import { prismaGrantsStore } from './grants/store.prisma.ts'
import { createGrantsTeller } from './grants/teller.ts'
import { createBlindIndexer } from './identifiers/blind-index.ts'
import { prismaKeysInDoubtStore } from './keys-in-doubt/store.prisma.ts'
import { createKeyWithdrawal } from './keys-in-doubt/withdrawal.ts'
import { createLanguageChoice } from './mail/language.ts'
import { prismaMailStore } from './mail/store.prisma.ts'
import { createNotices } from './notices/notice.ts'
import { createTokenIssuer } from './one-time-tokens/issuer.ts'
import { createDelivery } from './outbox/delivery.ts'
import { createOutbox } from './outbox/outbox.ts'
import { prismaOutboxStore } from './outbox/store.prisma.ts'
import { createPasswordHasher } from './passwords/hasher.ts'
import { createHashingQueue } from './passwords/hashing-queue.ts'
import { createBreachedPasswords } from './passwords/policy/breached-passwords.ts'
import { createCommonPasswords } from './passwords/policy/common-passwords.ts'
import { createPasswordPolicy } from './passwords/policy/policy.ts'
import { prismaProfileStore } from './profile/store.prisma.ts'
import { createCatalogueWatch, currentCatalogue } from './roles/current-catalogue.ts'
import { prismaRoleStore } from './roles/store.prisma.ts'
import { prismaSecurityEventStore } from './security-events/store.prisma.ts'
import { createSecurityEventTeller } from './security-events/teller.ts'
import { createSignInLimits } from './stopped-sign-ins/limits.ts'
import type { BreachedPasswordsChoice, UsersDependencies } from './subgraph.ts'
import { createWebhooks } from './webhooks/webhooks.ts'

const none: readonly [] = []
const noneDeclared = () => none

const unasked: BreachedPasswordsChoice = { source: { kind: 'off' }, whenUnknown: 'allow' }

export type Tools = ReturnType<typeof createTools>

export function createTools(dependencies: UsersDependencies) {
  const { database, keyring, clock, entropy, hashing, declaredScopes } = dependencies
  const publicUrl = dependencies.publicUrl.replace(/\/+$/, '')
  const { breachedPasswords = unasked } = dependencies
  const accountStore = prismaAccountStore(database)
  const personalData = createPersonalData({ keyring, entropy })
  const outbox = createOutbox({ keyring, clock, entropy })
  const indexer = createBlindIndexer(keyring)
  const tokens = createTokenIssuer({ keyring, clock, entropy })
  const catalogue = currentCatalogue(declaredScopes ?? noneDeclared)
  const outboxStore = prismaOutboxStore(database)
  const emailVerification = dependencies.emailVerification ?? ({ kind: 'required' } as const)
  const granting = {
    ...dependencies,
    emailVerification,
    catalogue,
    outbox,
    outboxStore,
    store: prismaGrantsStore(database),
  }
  const grantsService = createGrantsService(granting)
  const roleStore = prismaRoleStore(database)
  const grantsTeller = createGrantsTeller({
    ...dependencies,
    publish: grantsService.publish,
    publishHolders: grantsService.publishHolders,
    forgetRemoved: roleStore.forgetRemoved,
  })
  const catalogueWatch = createCatalogueWatch({
    ...{ catalogue, publishHolders: grantsService.publishHolders, logger: dependencies.logger },
    roleNames: async () => (await roleStore.roles()).roles.map(({ name }) => name),
  })
  const { news, logger } = dependencies
  const told = news && createSecurityEventTeller({ store: prismaSecurityEventStore(database), news, logger })
  const audit = createAudit({ clock, entropy, made: told?.made })
  const administrationStore = prismaAdministrationStore(database)
  const suspensionEnd = createSuspensionEnd({ store: administrationStore, grantsTeller, audit, clock })
  const mails = prismaMailStore(database)
  const profileStore = prismaProfileStore(database)
  const languageFor = createLanguageChoice(dependencies.defaultLanguage ?? 'en')
  const contacts = createContacts({ store: accountStore, profiles: profileStore, personalData })
  const holders = createDataHolders(dependencies.dataHolders, entropy)
  const withdrawKeys = createKeyWithdrawal({
    ...{ contacts, outbox, audit, languageFor, publicUrl, tellGrants: grantsTeller.tell },
    ...{ store: prismaKeysInDoubtStore(database), holder: createKeyHolder(dependencies.dataHolders, entropy) },
  })
  const forgetEndedSessions = createForgetEndedSessions({ entropy, sessions: dependencies.dataHolders.sessions })
  const signInLimits = createSignInLimits({ ...dependencies, contacts, sessions: dependencies.dataHolders.sessions })
  const dataExportStore = prismaDataExportStore(database)
  const prepareExport = createPreparation({
    ...{ accountStore, contacts, personalData, holders, outbox, clock, languageFor, publicUrl, store: dataExportStore },
    contributors: ownContributors(prismaHeldStore(database), personalData),
  })
  const { worker, mailbox } = createDelivery({
    ...dependencies,
    ...{ outbox, mails, store: outboxStore },
    runners: {
      nothing: async () => {},
      async grants({ userId, ended }) {
        await grantsService.publish(userId)
        if (ended) await forgetEndedSessions(userId, ended)
      },
      'data-export': prepareExport,
      'key-withdrawal': ({ userId }) => withdrawKeys(userId),
      'role-holders': ({ role }) => grantsTeller.runHolders(role),
      'suspension-end': suspensionEnd.run,
      'forgive-sign-in': ({ userId }) => signInLimits.forgive(userId),
    },
  })
  return {
    ...dependencies,
    ...{ publicUrl, accountStore, personalData, outbox, outboxStore, indexer, tokens, catalogue, grantsService },
    ...{ worker, mailbox, contacts, holders, signInLimits, dataExportStore, profileStore, languageFor },
    ...{ roleStore, grantsTeller, catalogueWatch, administrationStore, suspensionEnd },
    emailVerification,
    allowances: createAllowances(dependencies),
    deviceTrust: dependencies.deviceTrust ?? ('unless-demanded' as const),
    addressees: createAddressees({ store: prismaAddresseeStore(database), personalData, indexer, languageFor }),
    tellGrants: grantsTeller.tell,
    standings: createStandings({ store: prismaStandingStore(database), indexer, personalData }),
    verificationMails: createVerificationMails({ tokens, indexer, languageFor, publicUrl }),
    /** Called when something was committed that has to be delivered. */
    wakeOutbox: worker.wake,
    notices: createNotices({ indexer, tokens, outbox, publicUrl, languageFor }),
    audit,
    sentWebhooks: createWebhooks({
      ...{ ...dependencies, contacts, languageFor, outbox, audit, publicUrl, wakeOutbox: worker.wake },
    }),
    policy: createPasswordPolicy({
      common: createCommonPasswords(),
      breached: createBreachedPasswords(breachedPasswords.source),
      ...{ whenUnknown: breachedPasswords.whenUnknown, logger: dependencies.logger },
    }),
    hasher: createPasswordHasher({ ...dependencies, queue: createHashingQueue(hashing, clock) }),
  }
}
