/** Imports in Postgres: one long transaction each, alone with the keys. */
import type { Database, Prisma } from '@latchkey/prisma'
import { inUtc, longTransaction, restoreRoom } from '../backup/store.prisma.ts'
import { foreignRoom } from '../foreign-keys/store.prisma.ts'
import type { Transaction } from '../transaction.prisma.ts'
import type { OwnerStanding } from './import.ts'
import type { ImportRoom, ImportStore } from './store.ts'

/** Held by an import; whoever forgets an owner shares it, and so waits until no import is under way. */
export const importLock = 'api_keys import'

const roomOf = (transaction: Transaction): ImportRoom => ({
  ...restoreRoom(transaction),
  ...foreignRoom(transaction),
  standings: (ownerIds, now) =>
    transaction.$queryRaw<OwnerStanding[]>`
      SELECT owner.id AS "ownerId", EXISTS (SELECT FROM api_keys.forgotten_owners WHERE owner_id = owner.id) AS forgotten,
        (SELECT count(*)::int FROM api_keys.api_keys
         WHERE owner_id = owner.id AND revoked_at IS NULL AND expires_at > ${now}) AS live
      FROM unnest(${[...ownerIds]}::text[]) AS owner(id)`,
  async record(audits, messages) {
    await transaction.apiKeysAuditRecord.createMany({
      // Prisma's JSON type wants arrays that may be changed.
      data: audits.map((audit) => ({ ...audit, detail: audit.detail as Prisma.InputJsonObject })),
    })
    await transaction.apiKeysOutboxMessage.createMany({
      data: messages.map((message) => ({ ...message, availableAt: message.createdAt })),
    })
  },
})

/** Undoes what was written, and is heard of by nobody outside. */
const undone = new Error('what was written is undone')

export const prismaImportStore = ({ prisma }: Database): ImportStore => ({
  async alone<Answer extends { readonly kept: boolean }>(work: (room: ImportRoom) => Promise<Answer>) {
    const answers: Answer[] = []
    const transaction = prisma.$transaction(async (transaction) => {
      const [lock] = await transaction.$queryRaw<{ got: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(hashtextextended(${importLock}, 0)) AS got`
      if (!lock?.got) return
      await inUtc(transaction)
      const answer = await work(roomOf(transaction))
      answers.push(answer)
      if (!answer.kept) throw undone
    }, longTransaction)
    await transaction.catch((error: unknown) => {
      if (error !== undone) throw error
    })
    return answers[0] ?? 'busy'
  },
})
