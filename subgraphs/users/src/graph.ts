/** The features' resolvers and rules as one graph. */
import { readFileSync } from 'node:fs'
import type { Resolvers } from '@latchkey/subgraph'
import type { Rules } from '@latchkey/subgraph/guard'
import { joinTypes } from '@latchkey/subgraph/join-types'
import { accountResolvers } from './accounts/resolvers.ts'
import { accountRules } from './accounts/rules.ts'
import { administrationResolvers } from './administration/resolvers.ts'
import { administrationRules } from './administration/rules.ts'
import { auditEventResolvers } from './audit-events/resolvers.ts'
import { auditEventRules } from './audit-events/rules.ts'
import type { UsersContext } from './context.ts'
import { dataExportResolvers } from './data-exports/resolvers.ts'
import { dataExportRules } from './data-exports/rules.ts'
import { dateTime } from './date-time.ts'
import { deletionResolvers } from './deletion/resolvers.ts'
import { deletionRules } from './deletion/rules.ts'
import { emailResolvers } from './email/resolvers.ts'
import { emailRules } from './email/rules.ts'
import { emailChangeResolvers } from './email-change/resolvers.ts'
import { emailChangeRules } from './email-change/rules.ts'
import { grantsResolvers } from './grants/resolvers.ts'
import { grantsRules } from './grants/rules.ts'
import { importResolvers } from './imports/resolvers.ts'
import { importRules } from './imports/rules.ts'
import { invitationResolvers } from './invitations/resolvers.ts'
import { invitationRules } from './invitations/rules.ts'
import { json } from './json.ts'
import { keyNoticeResolvers } from './key-notices/resolvers.ts'
import { keyNoticeRules } from './key-notices/rules.ts'
import { listingResolvers } from './listing/resolvers.ts'
import { listingRules } from './listing/rules.ts'
import { noticeResolvers } from './notices/resolvers.ts'
import { noticeRules } from './notices/rules.ts'
import { passwordResolvers } from './passwords/resolvers.ts'
import { passwordRules } from './passwords/rules.ts'
import { profileResolvers } from './profile/resolvers.ts'
import { profileRules } from './profile/rules.ts'
import { roleResolvers } from './roles/resolvers.ts'
import { roleRules } from './roles/rules.ts'
import { factorResolvers, factorRules } from './second-factors/graph.ts'
import { securityEventResolvers } from './security-events/resolvers.ts'
import { securityEventRules } from './security-events/rules.ts'
import { serviceAccountResolvers } from './service-accounts/resolvers.ts'
import { serviceAccountRules } from './service-accounts/rules.ts'
import { sessionLimitResolvers } from './session-limits/resolvers.ts'
import { sessionLimitRules } from './session-limits/rules.ts'
import { signInMailResolvers } from './sign-in-mails/resolvers.ts'
import { signInMailRules } from './sign-in-mails/rules.ts'
import { stoppedSignInResolvers } from './stopped-sign-ins/resolvers.ts'
import { stoppedSignInRules } from './stopped-sign-ins/rules.ts'
import { trustedDeviceResolvers } from './trusted-devices/resolvers.ts'
import { trustedDeviceRules } from './trusted-devices/rules.ts'
import { webhookResolvers } from './webhooks/resolvers.ts'
import { webhookRules } from './webhooks/rules.ts'

/** One rule for every field, feature by feature. */
export const rules: Rules = joinTypes<Rules[string]>(
  accountRules,
  emailRules,
  emailChangeRules,
  noticeRules,
  stoppedSignInRules,
  profileRules,
  securityEventRules,
  passwordRules,
  roleRules,
  sessionLimitRules,
  grantsRules,
  deletionRules,
  dataExportRules,
  ...factorRules,
  signInMailRules,
  trustedDeviceRules,
  administrationRules,
  invitationRules,
  listingRules,
  importRules,
  serviceAccountRules,
  keyNoticeRules,
  auditEventRules,
  webhookRules,
)

export const resolvers: Resolvers<UsersContext> = joinTypes<Resolvers<UsersContext>[string]>(
  { DateTime: dateTime, JSON: json },
  accountResolvers,
  emailResolvers,
  emailChangeResolvers,
  noticeResolvers,
  stoppedSignInResolvers,
  profileResolvers,
  securityEventResolvers,
  passwordResolvers,
  roleResolvers,
  sessionLimitResolvers,
  grantsResolvers,
  deletionResolvers,
  dataExportResolvers,
  ...factorResolvers,
  signInMailResolvers,
  trustedDeviceResolvers,
  administrationResolvers,
  invitationResolvers,
  listingResolvers,
  importResolvers,
  serviceAccountResolvers,
  keyNoticeResolvers,
  auditEventResolvers,
  webhookResolvers,
)

/** What guards this graph, for whoever checks it without running it. */
export const graph = { resolvers, rules }

/** The contract, beside `src` and `dist` alike. */
export const readTypeDefs = (): string => readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8')
