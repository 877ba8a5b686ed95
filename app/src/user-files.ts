/** Accounts in files: newline-delimited JSON of any size, read and written as a stream. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import {
  countOutcomes,
  type HashChoice,
  type ImportCounts,
  type ImportMode,
  type RowReport,
  type UsersApplication,
} from '@latchkey/users'
import { fault, systemCode } from './embedded/fault.ts'
import type { Say } from './operator-socket.ts'

export interface UserFiles {
  importFrom(file: string, mode: ImportMode, say: Say): Promise<string>
  /** Into a new file that only its owner can read. */
  exportTo(file: string, hashes: HashChoice, say: Say): Promise<string>
}

export const importModeOf = (text: string): ImportMode => (text === 'APPLY' ? 'APPLY' : 'DRY_RUN')
export const hashChoiceOf = (text: string): HashChoice => (text === 'with-hashes' ? 'with-hashes' : 'without-hashes')

/** How many rows lie between two lines of progress. */
const toldEvery = 1_000

const cannot = (what: string, file: string) => (thrown: unknown) => {
  throw fault(`${file} cannot be ${what} (${systemCode(thrown) || (thrown as Error).message}).`, thrown)
}

const reasonOf = ({ line, faults }: RowReport): string =>
  `line ${line} refused: ${Object.entries(faults)
    .map(([field, reason]) => `${field} ${reason}`)
    .join('; ')}`

const sum = (one: ImportCounts, other: ImportCounts): ImportCounts => ({
  created: one.created + other.created,
  updated: one.updated + other.updated,
  unchanged: one.unchanged + other.unchanged,
  refused: one.refused + other.refused,
})

const sentenceOn = ({ created, updated, unchanged, refused }: ImportCounts, mode: ImportMode): string =>
  `${mode === 'DRY_RUN' ? 'Dry run, nothing was written: ' : ''}${created} created, ${updated} updated, ${unchanged} unchanged, ${refused} refused.`

export function createUserFiles(users: Pick<UsersApplication, 'importUsers' | 'exportUsers'>): UserFiles {
  async function importLines(lines: AsyncIterable<string>, mode: ImportMode, say: Say): Promise<ImportCounts> {
    let counts: ImportCounts = { created: 0, updated: 0, unchanged: 0, refused: 0 }
    let rows = 0
    for await (const reports of users.importUsers(lines, mode)) {
      for (const report of reports) if (report.outcome === 'REFUSED') say(reasonOf(report))
      counts = sum(counts, countOutcomes(reports))
      if (Math.floor((rows + reports.length) / toldEvery) > Math.floor(rows / toldEvery))
        say(`${rows + reports.length} rows so far`)
      rows += reports.length
    }
    return counts
  }

  return {
    async importFrom(file, mode, say) {
      const handle = await open(file).catch(cannot('read', file))
      try {
        const input = createReadStream('', { fd: handle, encoding: 'utf8', autoClose: false })
        return sentenceOn(
          await importLines(createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY }), mode, say),
          mode,
        )
      } finally {
        await handle.close()
      }
    },
    async exportTo(file, hashes, say) {
      const handle = await open(file, 'wx', 0o600).catch(cannot('written; an existing file is never overwritten', file))
      let rows = 0
      try {
        for await (const line of users.exportUsers(hashes)) {
          await handle.appendFile(`${line}\n`)
          rows += 1
          if (rows % toldEvery === 0) say(`${rows} accounts so far`)
        }
      } finally {
        await handle.close()
      }
      return `${rows} active accounts are in ${file}, which only you can read.`
    },
  }
}
