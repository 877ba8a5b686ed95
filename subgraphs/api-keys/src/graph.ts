/** The features' resolvers and rules as one graph. */
import type { Resolvers, Rules } from '@latchkey/subgraph'
import { joinTypes } from '@latchkey/subgraph/join-types'
import { type AccessContext, accessResolvers } from './access/resolvers.ts'
import { accessRules } from './access/rules.ts'
import { type AuditRecordsContext, auditRecordResolvers } from './audit-records/resolvers.ts'
import { auditRecordRules } from './audit-records/rules.ts'
import { type ForeignKeyContext, foreignKeyResolvers } from './foreign-keys/resolvers.ts'
import { foreignKeyRules } from './foreign-keys/rules.ts'
import { type TransferContext, transferResolvers } from './imports/resolvers.ts'
import { transferRules } from './imports/rules.ts'
import { type KeyContext, keyResolvers } from './keys/resolvers.ts'
import { keyRules } from './keys/rules.ts'
import { type LifecycleContext, lifecycleResolvers } from './lifecycle/resolvers.ts'
import { lifecycleRules } from './lifecycle/rules.ts'
import { type LimitContext, limitResolvers } from './limits/resolvers.ts'
import { limitRules } from './limits/rules.ts'
import { type MassRevocationContext, massRevocationResolvers } from './mass-revocation/resolvers.ts'
import { massRevocationRules } from './mass-revocation/rules.ts'
import { type PepperContext, pepperResolvers } from './peppers/resolvers.ts'
import { pepperRules } from './peppers/rules.ts'
import { type PrivacyContext, privacyResolvers } from './privacy/resolvers.ts'
import { privacyRules } from './privacy/rules.ts'
import { streamResolvers } from './streams/resolvers.ts'
import { streamRules } from './streams/rules.ts'
import { type UnusedContext, unusedResolvers } from './unused/resolvers.ts'
import { unusedRules } from './unused/rules.ts'
import { type UsageContext, usageResolvers } from './usage/resolvers.ts'
import { usageRules } from './usage/rules.ts'
import { type VerificationContext, verificationResolvers } from './verification/resolvers.ts'
import { verificationRules } from './verification/rules.ts'
import { type WithdrawalContext, withdrawalResolvers } from './withdrawal/resolvers.ts'
import { withdrawalRules } from './withdrawal/rules.ts'

export type ApiKeysContext = KeyContext &
  LifecycleContext &
  VerificationContext &
  PrivacyContext &
  WithdrawalContext &
  AccessContext &
  UsageContext &
  LimitContext &
  TransferContext &
  ForeignKeyContext &
  PepperContext &
  MassRevocationContext &
  UnusedContext &
  AuditRecordsContext

export const resolvers: Resolvers<ApiKeysContext> = joinTypes<Resolvers<ApiKeysContext>[string]>(
  keyResolvers,
  lifecycleResolvers,
  verificationResolvers,
  privacyResolvers,
  withdrawalResolvers,
  accessResolvers,
  usageResolvers,
  limitResolvers,
  transferResolvers,
  foreignKeyResolvers,
  pepperResolvers,
  massRevocationResolvers,
  unusedResolvers,
  streamResolvers,
  auditRecordResolvers,
)

/** One rule for every field, feature by feature. */
export const rules: Rules = joinTypes<Rules[string]>(
  keyRules,
  lifecycleRules,
  verificationRules,
  privacyRules,
  withdrawalRules,
  accessRules,
  usageRules,
  limitRules,
  transferRules,
  foreignKeyRules,
  pepperRules,
  massRevocationRules,
  unusedRules,
  streamRules,
  auditRecordRules,
)

/** What guards this graph, for whoever checks it without running it. */
export const graph = { resolvers, rules }
