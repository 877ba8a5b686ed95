/** What an operator does about people and about the keys that protect what is kept of them; each answers in a sentence. */
import { createReadStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { type LedgerEntry, type RowsOfKey, readEntry, type UsersApplication, writeEntry } from '@latchkey/users'
import { fault } from './embedded/fault.ts'
import type { OperatorCommands, Say, TellingCommands } from './operator-socket.ts'

type Operations = Pick<UsersApplication, 'erasure' | 'keyRotation'>

const plural = (count: number, thing: string) => `${count} ${thing}${count === 1 ? '' : 's'}`

const keysIn = (byKey: readonly RowsOfKey[], thing: string): string =>
  byKey.map(({ keyId, rows }) => `${keyId}: ${plural(rows, thing)}`).join(', ') || 'nothing is kept yet'

/** Written aside and moved in place: a file of that name is whole, or the one before. */
async function exportLedger({ erasure }: Operations, file: string): Promise<string> {
  const aside = `${file}.unfinished`
  const handle = await open(aside, 'w', 0o600)
  let count = 0
  try {
    for await (const page of erasure.ledger()) {
      await handle.appendFile(page.map(writeEntry).join(''))
      count += page.length
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, file)
  return `${file} holds ${plural(count, 'erasure')}. Keep it apart from the database.`
}

/** Rejects with the number of a line that is no entry: a ledger that cannot be read whole is not replayed in part. */
async function readLedger(file: string): Promise<readonly LedgerEntry[]> {
  const entries: LedgerEntry[] = []
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file, 'utf8') })) {
    line += 1
    const entry = readEntry(text)
    if (!entry) throw fault(`${file}: line ${line} is no entry of an erasure ledger. Nothing was erased.`)
    entries.push(entry)
  }
  return entries
}

async function replayLedger({ erasure }: Operations, file: string): Promise<string> {
  const { entries, erasedAgain } = await erasure.replay(await readLedger(file))
  return `${plural(entries, 'erasure')} replayed: ${plural(erasedAgain, 'account')} had come back and ${erasedAgain === 1 ? 'is' : 'are'} erased again.`
}

async function eraseUser({ erasure }: Operations, who: string): Promise<string> {
  if ((await erasure.eraseNow(who)) === 'unknown') throw fault(`There is no account ${who}.`)
  return 'The account is erased. Nothing that says whose it was is left.'
}

async function reindex({ keyRotation }: Operations, say: Say, retired?: string): Promise<string> {
  const { added, left, byKey } = await keyRotation.reindex(say)
  const done = `${plural(added, 'row')} added for the newest key; ${plural(left, 'account')} left without one.`
  if (retired === undefined) return `${done} Under each key: ${keysIn(byKey, 'row')}.`
  const answer = await keyRotation.retire(retired)
  if (answer.outcome === 'IN_USE')
    throw fault(`${done} The keyring still holds ${retired}: take it out, restart every process, and call this again.`)
  if (answer.outcome === 'NEEDED')
    throw fault(`${done} ${retired} is still needed: put it back into the keyring and reindex first.`)
  return `${done} ${plural(answer.removed, 'row')} of ${retired} removed.`
}

async function reseal({ keyRotation }: Operations, say: Say): Promise<string> {
  const { resealed, byVersion } = await keyRotation.reseal(say)
  return `${plural(resealed, 'data key')} sealed anew. Under each version: ${keysIn(byVersion, 'data key')}.`
}

/** By the name under which a running process is asked. */
export const privacyCommands = (operations: Operations): OperatorCommands => ({
  'erase-user': (who = '') => eraseUser(operations, who),
  'erasures export': (file = '') => exportLedger(operations, file),
  'erasures replay': (file = '') => replayLedger(operations, file),
})

/** Those that take so long that they tell how far they have come. */
export const rotationCommands = (operations: Operations): TellingCommands => ({
  'identifiers reindex': (say, retired) => reindex(operations, say, retired),
  'data-keys reseal': (say) => reseal(operations, say),
})
