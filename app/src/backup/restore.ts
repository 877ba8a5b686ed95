/** Puts a backup in the place of what is there, and shows that it works. */
import { type Aftermath, type Ended, loadSnapshot, type Room, type Table } from '@latchkey/prisma/snapshot'
import type { Keyring } from '@latchkey/secrets'
import { type Application, assemble } from '../assemble.ts'
import { fault } from '../embedded/fault.ts'
import { forgetAll } from '../embedded/forget.ts'
import type { Foundation } from '../foundation.ts'
import type { Say } from '../operator-socket.ts'
import type { BackupHeader, BackupPiece } from './archive.ts'
import { keyIdsIn, supergraphDigest } from './backup.ts'
import { prove } from './proof.ts'
import { type OpenedBackup, openBackup, requireWhole } from './sealed-file.ts'

export interface RestoreTerms {
  readonly file: string
  readonly dataKeysFile: string
  /** `null`: whoever was erased since the backup comes back, and the operator has said so. */
  readonly ledgerFile: string | null
  readonly over: 'empty' | 'whatever is there'
  readonly aftermath: Aftermath
}

export interface RestoreRoom {
  readonly databaseUrl: string
  readonly redisUrl: string | null
  readonly redisPrefix: string
  readonly keyring: Keyring
  readonly supergraphSdl: string
  /** Of the restored stores, once they are in place. */
  readonly foundation: () => Promise<Foundation>
}

interface Loaded {
  readonly rows: number
  readonly dataKeys: number
}

function requireFitting(
  file: string,
  { contents, keyIds }: BackupHeader,
  wanted: BackupHeader['contents'],
  here: Keyring,
) {
  if (contents !== wanted) throw fault(`${file} holds ${contents}, and is not a backup of ${wanted}.`)
  const held = keyIdsIn(here)
  const missing = keyIds.filter((id) => !held.includes(id))
  if (missing.length > 0)
    throw fault(
      `${file} needs secrets that this keyring does not hold: ${missing.join(', ')}. Restore with the keyring of its day.`,
    )
}

/** The rows of the table that was just begun; `counted` takes how many they have to be. */
async function* rowsIn(pieces: AsyncGenerator<BackupPiece>, counted: (rows: number) => void): AsyncGenerator<Buffer> {
  for (;;) {
    const { value: piece, done } = await pieces.next()
    if (done || piece.kind === 'table') throw fault('The backup does not say where a table ends. Nothing was restored.')
    if (piece.kind === 'end') return counted(piece.rows)
    yield piece.bytes
  }
}

type Load = (table: Table, bytes: AsyncIterable<Uint8Array>) => Promise<number>

async function loadTables(
  { header, pieces }: OpenedBackup,
  load: Load,
  check: (table: string, rows: number, told: number) => void,
): Promise<number> {
  const waiting = new Map(header.snapshot.tables.map((table) => [table.name, table]))
  let total = 0
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
    const table = next.value.kind === 'table' ? waiting.get(next.value.table) : undefined
    if (!table) throw fault('The backup holds a table that it does not name. Nothing was restored.')
    waiting.delete(table.name)
    let told = 0
    const rows = await load(
      table,
      rowsIn(pieces, (count) => (told = count)),
    )
    check(table.name, rows, told)
    total += rows
  }
  if (waiting.size > 0) throw fault(`The backup lacks ${[...waiting.keys()].join(', ')}. Nothing was restored.`)
  return total
}

function exactly(table: string, rows: number, told: number): void {
  if (rows !== told)
    throw fault(`${table} holds ${told} rows in the backup, and ${rows} came in. Nothing was restored.`)
}

const ofAccounts = { column: 'account_id', table: 'users.accounts', key: 'id' }

async function fill(room: Room, main: OpenedBackup, keys: OpenedBackup, say: Say): Promise<Loaded> {
  const telling: typeof exactly = (table, rows, told) => {
    exactly(table, rows, told)
    say(`${table}: ${rows} rows`)
  }
  const rows = await loadTables(main, room.load, telling)
  const dataKeys = await loadTables(
    keys,
    (table, bytes) => room.loadFitting(table, ofAccounts, bytes),
    () => {},
  )
  return { rows, dataKeys }
}

async function erasedAgain({ privacy }: Application, ledgerFile: string | null): Promise<string> {
  if (ledgerFile === null) return 'the ledger was left out: whoever was erased since is back'
  return (await privacy['erasures replay']?.(ledgerFile)) ?? ''
}

const heldThen = (aftermath: Aftermath, { keysDisabled, recoveryCodes }: Ended): string =>
  aftermath === 'end what may have ended'
    ? 'API keys and recovery codes of that day work: with --revoked they would not'
    : `${keysDisabled} API keys are disabled until their owners rotate or enable them, ${recoveryCodes} recovery codes and every link are void`

/** Rejects with a line that says what to do; nothing has changed then, unless it says so. */
export async function restoreBackup(terms: RestoreTerms, room: RestoreRoom, say: Say): Promise<string> {
  const { databaseUrl, redisUrl, redisPrefix, keyring } = room
  requireFitting(terms.file, await requireWhole(terms.file, keyring), 'database', keyring)
  requireFitting(terms.dataKeysFile, await requireWhole(terms.dataKeysFile, keyring), 'data-keys', keyring)
  say('the backup is whole')
  const [main, keys] = [await openBackup(terms.file, keyring), await openBackup(terms.dataKeysFile, keyring)]
  const forget = async () => (redisUrl === null ? 0 : forgetAll(redisUrl, redisPrefix))
  let loaded: Loaded = { rows: 0, dataKeys: 0 }
  let erasures = ''
  const { snapshot, madeAt, supergraph } = main.header
  const ended = await loadSnapshot(
    databaseUrl,
    {
      facts: snapshot,
      ...{ over: terms.over, aftermath: terms.aftermath },
      beforeCommit: async () => void (await forget()),
      async beforeOpening() {
        await forget()
        const application = assemble(await room.foundation())
        try {
          erasures = await erasedAgain(application, terms.ledgerFile)
          say('the erasures are replayed')
          await prove(application)
        } finally {
          await application.close()
        }
      },
    },
    async (inside) => {
      loaded = await fill(inside, main, keys, say)
    },
  )
  const graph = supergraph === supergraphDigest(room.supergraphSdl) ? 'as it was' : 'another one than in the backup'
  return [
    `Restored ${terms.file}, as of ${madeAt}. What was written after that is lost.`,
    `  rows         ${loaded.rows} in ${snapshot.tables.length} tables, as many as in the backup`,
    `  data keys    ${loaded.dataKeys}, of ${keys.header.madeAt}`,
    `  erasures     ${erasures}`,
    '  sessions     all have ended; devices are not trusted; links for passwords and addresses are void',
    `  held then    ${heldThen(terms.aftermath, ended)}`,
    `  permissions  roles and their holders as in the backup; the supergraph is ${graph}`,
    '  canary       signed in, used a key, was refused with it once it was revoked, and is erased',
    'Keys that were revoked and passwords that were changed since are as they were then: see docs/operating/backup.md. Start every process now.',
  ].join('\n')
}
