/** What Sessions cleans up, and how often it looks. */
import type { AuditChain } from '@latchkey/audit'
import { hourMs, minuteMs } from '@latchkey/clock'
import type { Cleanups } from '@latchkey/prisma/cleanup'
import { revocationsOver } from './ledger/ledger.prisma.ts'
import { keptForMs } from './login-attempts/login-attempt.ts'
import { loginAttemptsOver } from './login-attempts/store.prisma.ts'
import { networkRulesOver } from './networks/store.prisma.ts'
import { lookBackMs } from './unlocking/service.ts'
import { unlockingsOver } from './unlocking/store.prisma.ts'

export const cleanupsOf = ({ forget }: AuditChain): Cleanups => ({
  'login-attempts': { ...loginAttemptsOver, keptMs: keptForMs, everyMs: minuteMs },
  'network-rules': { ...networkRulesOver, everyMs: hourMs },
  unlockings: { ...unlockingsOver, keptMs: lookBackMs, everyMs: hourMs },
  revocations: { ...revocationsOver, everyMs: hourMs },
  'audit-records': { everyMs: hourMs, run: forget },
})
