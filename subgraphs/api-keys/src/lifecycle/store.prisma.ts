/** Changes of keys in Postgres: one transaction each, alone with the key. */
import type { Database } from '@latchkey/prisma'
import { type ApiKey, isKeyId, isOwnerId } from '../keys/key.ts'
import { lockOwner, toKey, toRow, writeTrail } from '../keys/store.prisma.ts'
import { type InOwnersTurn, ownersIn } from '../owner-turns.ts'
import { inTransaction, type Transaction } from '../transaction.prisma.ts'
import type { Change, ChangeTerms, LifecycleStore } from './store.ts'

async function lockedKey(transaction: Transaction, { id, ownerId }: ChangeTerms): Promise<ApiKey | null> {
  // Whoever comes second waits here until the first is done, and reads what the first has written.
  await transaction.$queryRaw`SELECT 1 FROM api_keys.api_keys WHERE id = ${id} FOR UPDATE`
  const row = await transaction.apiKey.findFirst({ where: { id, ownerId } })
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

export function prismaLifecycleStore(database: Database, inOwnersTurn: InOwnersTurn): LifecycleStore {
  const change = (terms: ChangeTerms) =>
    inTransaction(database, async (transaction) => {
      // Before the key: whoever forgets an owner, or takes back what they did, holds this first, and nothing is done behind their back.
      for (const concerned of ownersIn(terms)) await lockOwner(transaction, concerned)
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
      if (!isKeyId(terms.id) || !isOwnerId(terms.ownerId)) return null
      return inOwnersTurn(terms, () => change(terms)).catch((error: unknown) => {
        if (error === full) return 'full' as const
        throw error
      })
    },
  }
}
