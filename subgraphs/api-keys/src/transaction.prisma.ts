/** A transaction, bounded in time. */
import type { Database, Prisma } from '@latchkey/prisma'

export type Transaction = Prisma.TransactionClient

/** All of it or nothing: it waits 2 s at most for a connection and takes 5 s at most. Rejects with UNAVAILABLE. */
export const inTransaction = <Result>(
  { prisma }: Database,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> => prisma.$transaction(work, { maxWait: 2_000, timeout: 5_000 })
