/** A transaction, bounded in time. */
import type { Database, Prisma } from '@latchkey/prisma'

export type Transaction = Prisma.TransactionClient

/** All of it or nothing: 2 s for a connection and 5 s for the work, or as long as patience lasts. Rejects with UNAVAILABLE. */
export const inTransaction = <Result>(
  { prisma }: Database,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> => prisma.$transaction(work)
