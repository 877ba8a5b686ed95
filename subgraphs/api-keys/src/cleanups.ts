/** What ApiKeys cleans up, and how often it looks. Partitions of uses are dropped by whoever counts. */
import type { AuditChain } from '@latchkey/audit'
import { hourMs } from '@latchkey/clock'
import type { Cleanups } from '@latchkey/prisma/cleanup'
import { noticesKeptMs, noticesOver } from './notices/store.prisma.ts'
import { deliveredKeptMs, deliveredOver } from './outbox/store.prisma.ts'
import { usageCoordinatesOver, usageGapsOver, usageOperationsOver } from './usage/counts.prisma.ts'
import type { Retention } from './usage/store.ts'

export const cleanupsOf = ({ forget }: AuditChain, { days: keptMs }: Retention): Cleanups => ({
  outbox: { ...deliveredOver, keptMs: deliveredKeptMs, everyMs: hourMs },
  notices: { ...noticesOver, keptMs: noticesKeptMs, everyMs: hourMs },
  'usage-operations': { ...usageOperationsOver, keptMs, everyMs: hourMs },
  'usage-coordinates': { ...usageCoordinatesOver, keptMs, everyMs: hourMs },
  'usage-gaps': { ...usageGapsOver, keptMs, everyMs: hourMs },
  'audit-records': { everyMs: hourMs, run: forget },
})
