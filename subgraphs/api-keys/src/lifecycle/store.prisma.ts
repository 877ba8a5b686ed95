/** Changes of keys in Postgres: one transaction each, alone with the key. */
import type { Database } from '@latchkey/prisma'
import { type ApiKey, isKeyId } from '../keys/key.ts'
import { lockOwner, mayHaveKeys, toKey, toRow, writeTrail } from '../keys/store.prisma.ts'
import { createOwnerTurns } from '../owner-turns.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import type { Change, ChangeTerms, LifecycleStore } from './store.ts'

async function lockedKey(transaction: Transaction, { id, reach }: ChangeTerms): Promise<ApiKey | null> {
  const where = { id, ...(reach.of === 'owner' && { ownerId: reach.ownerId }) }
  // Whoever comes second waits here until the first is done, and reads what the first has written.
  await transaction.$queryRaw`SELECT 1 FROM api_keys.api_keys WHERE id = ${id} FOR UPDATE`
  const row = await transaction.apiKey.findFirst({ where })
  return row ? toKey(row) : null
}

async function setAsideBy(transaction: Transaction, { id, disabledAt }: ApiKey): Promise<string | null> {
  if (!disabledAt) return null
  const record = await transaction.apiKeysAuditRecord.findFirst({
    where: { target: id, action: 'api-key.disabled' },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
  })
  return record?.actorKind === 'user' ? record.actorId : null
}

async function isFull(transaction: Transaction, { added }: Change): Promise<boolean> {
  if (!added) return false
  const { key, liveMax } = added
  await lockOwner(transaction, key.ownerId)
  const live = { ownerId: key.ownerId, revokedAt: null, expiresAt: { gt: key.createdAt } }
  return (await transaction.apiKey.count({ where: live })) > liveMax
}

async function write(transaction: Transaction, { key, added, trail }: Change): Promise<void> {
  const { id, ...columns } = toRow(key)
  await transaction.apiKey.update({ where: { id }, data: columns })
  await writeTrail(transaction, trail)
  if (!added) return
  await transaction.apiKey.create({ data: toRow(added.key) })
  await writeTrail(transaction, added.trail)
}

/** Undoes what was written, and is heard of by nobody outside. */
const full = new Error('the owner has as many live keys as they may')

export function prismaLifecycleStore(database: Database): LifecycleStore {
  const inOwnersTurn = createOwnerTurns()

  const change = (terms: ChangeTerms) =>
    inTransaction(database, async (transaction) => {
      // Before the key: whoever forgets the owner holds this first, and no successor is made behind their back.
      if (terms.reach.of === 'owner') await lockOwner(transaction, terms.reach.ownerId)
      const found = await lockedKey(transaction, terms)
      const change = found && terms.decide(found, await setAsideBy(transaction, found))
      if (!change) return found
      await write(transaction, change)
      if (await isFull(transaction, change)) throw full
      for (const key of [change.key, ...(change.added ? [change.added.key] : [])]) await terms.announce(key)
      return change.key
    })

  return {
    async change(terms) {
      const { id, reach } = terms
      if (!isKeyId(id) || !mayHaveKeys(reach)) return null
      const work = reach.of === 'owner' ? inOwnersTurn(reach.ownerId, () => change(terms)) : change(terms)
      return work.catch((error: unknown) => {
        if (error === full) return 'full' as const
        throw error
      })
    },
  }
}
