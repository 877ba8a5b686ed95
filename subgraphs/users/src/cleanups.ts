/** What Users cleans up, and how often it looks. */
import type { AuditChain } from '@latchkey/audit'
import { hourMs } from '@latchkey/clock'
import type { Chore, Cleanups } from '@latchkey/prisma/cleanup'
import type { SuspensionEnd } from './administration/suspension-end.ts'
import { mailAllowancesOver } from './allowances/store.prisma.ts'
import { dataExportsOver } from './data-exports/store.prisma.ts'
import { oneTimeTokensOver, registrationsOver } from './email/store.prisma.ts'
import { emailCodesOver } from './email-codes/store.prisma.ts'
import type { ErasureService } from './erasure/service.ts'
import { deliveredKeptMs } from './outbox/outbox.ts'
import { deliveredOver } from './outbox/store.prisma.ts'
import { passkeyEnrolmentsOver } from './passkeys/store.prisma.ts'
import { trustedDevicesOver } from './trusted-devices/store.prisma.ts'
import { deliveriesOver } from './webhooks/deliveries.prisma.ts'
import { keptMs as deliveriesKeptMs } from './webhooks/retry.ts'

interface Chores {
  readonly erasure: ErasureService
  readonly suspensionEnd: SuspensionEnd
  readonly auditChain: AuditChain
}

const hourly = (run: Chore['run']): Chore => ({ everyMs: hourMs, run })

export const cleanupsOf = ({ erasure, suspensionEnd, auditChain }: Chores): Cleanups => ({
  registrations: { ...registrationsOver, everyMs: hourMs },
  'one-time-tokens': { ...oneTimeTokensOver, everyMs: hourMs },
  'mail-allowances': { ...mailAllowancesOver, everyMs: hourMs },
  'email-codes': { ...emailCodesOver, everyMs: hourMs },
  'passkey-enrolments': { ...passkeyEnrolmentsOver, everyMs: hourMs },
  'trusted-devices': { ...trustedDevicesOver, everyMs: hourMs },
  'data-exports': { ...dataExportsOver, everyMs: hourMs },
  outbox: { ...deliveredOver, keptMs: deliveredKeptMs, everyMs: hourMs },
  'webhook-deliveries': { ...deliveriesOver, keptMs: deliveriesKeptMs, everyMs: hourMs },
  'audit-records': hourly(auditChain.forget),
  suspensions: hourly(suspensionEnd.runOverdue),
  erasures: hourly(async (ending) => (await erasure.run(ending)).erased),
})
