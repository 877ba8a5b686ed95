/** Which rows of a subgraph stand under which version of a secret, and how they move to the newest. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '@latchkey/prisma'
import type { Keyring, Purpose } from '@latchkey/secrets'
import type { SealedColumn, SecretColumn } from './column.ts'
import { prismaSecretVersionStore } from './store.prisma.ts'
import type { VersionCount } from './store.ts'

export type { NamedColumn, SealedColumn, SecretColumn } from './column.ts'

/** Of a column, how many rows stand under a version. */
export interface RowsOfVersion extends VersionCount {
  readonly purpose: Purpose
  readonly column: string
}

/** Told how far a long work has come. */
export type Tell = (line: string) => void

export interface Reencryption {
  readonly tell?: Tell
  /** Between two batches, so that requests come first. */
  readonly pauseMs?: number
}

export interface Opening {
  readonly opened: number
  /** The first of them. */
  readonly closed: readonly string[]
}

export interface SecretVersions {
  counts(): Promise<readonly RowsOfVersion[]>
  /**
   * Moves what can be moved to the version that makes what is new; answers how many rows. In small steps, beside requests and beside others who
   * do the same; cut short anywhere, it goes on where it was. A row that nothing opens rejects, and is named.
   */
  reencrypt(purpose: Purpose, terms?: Reencryption): Promise<number>
  /** Opens every sealed row, keeps nothing of it, and names those that do not open. */
  tryOpening(purpose: Purpose): Promise<Opening>
  /** Removes what a version has left that nothing needs any more; answers how many rows. */
  purge(purpose: Purpose, version: string): Promise<number>
}

export interface SecretVersionsDependencies {
  readonly database: Pick<Database, 'query' | 'queryAlone'>
  readonly keyring: Keyring
  readonly columns: readonly SecretColumn[]
  readonly clock: { now(): Date }
}

const batchMax = 200
const toldMax = 20

export function createSecretVersions(dependencies: SecretVersionsDependencies): SecretVersions {
  const { database, keyring, columns, clock } = dependencies
  const store = prismaSecretVersionStore(database)
  const newestOf = (purpose: Purpose) => keyring.keyIds(purpose)[0] ?? ''

  function reseal({ purpose, name, place }: SealedColumn, { id, sealed }: { id: string; sealed: string }): string {
    try {
      return keyring.seal(purpose, keyring.open(purpose, sealed, place(id)), place(id))
    } catch (cause) {
      throw new Error(`the row ${id} of ${name} cannot be opened by this keyring`, { cause })
    }
  }

  async function reencryptColumn(column: SealedColumn, { tell, pauseMs = 0 }: Reencryption): Promise<number> {
    const newest = newestOf(column.purpose)
    let [moved, after]: [number, string | null] = [0, null]
    for (;;) {
      const rows = await store.sealedOtherwise(column, { newest, after, max: batchMax })
      if (rows.length > 0) {
        moved += await store.replace(
          column,
          rows.map((row) => ({ ...row, resealed: reseal(column, row) })),
        )
        tell?.(`${column.name}: ${moved} rows moved so far`)
      }
      if (rows.length < batchMax) return moved
      after = rows.at(-1)?.id ?? after
      if (pauseMs > 0) await pause(pauseMs)
    }
  }

  async function tryColumn(column: SealedColumn): Promise<Opening> {
    const closed: string[] = []
    let [opened, after]: [number, string | null] = [0, null]
    for (;;) {
      // No version has no name: these are all rows.
      const rows = await store.sealedOtherwise(column, { newest: '', after, max: batchMax })
      for (const row of rows) {
        const problem = opensAs(column, row)
        if (problem === null) opened += 1
        else if (closed.length < toldMax) closed.push(problem)
      }
      if (rows.length < batchMax) return { opened, closed }
      after = rows.at(-1)?.id ?? after
    }
  }

  function opensAs(column: SealedColumn, row: { id: string; sealed: string }): string | null {
    try {
      reseal(column, row)
      return null
    } catch (thrown) {
      return (thrown as Error).message
    }
  }

  return {
    async counts() {
      const all: RowsOfVersion[] = []
      for (const column of columns) {
        const { purpose, name } = column
        const asked = { newest: newestOf(purpose), now: clock.now() }
        for (const count of await store.counts(column, asked)) all.push({ purpose, column: name, ...count })
      }
      return all
    },
    async reencrypt(purpose, terms = {}) {
      let moved = 0
      for (const column of columns)
        if (column.kind === 'sealed' && column.purpose === purpose) moved += await reencryptColumn(column, terms)
      return moved
    },
    async tryOpening(purpose) {
      let [opened, closed]: [number, readonly string[]] = [0, []]
      for (const column of columns) {
        if (column.kind !== 'sealed' || column.purpose !== purpose) continue
        const found = await tryColumn(column)
        opened += found.opened
        closed = [...closed, ...found.closed]
      }
      return { opened, closed }
    },
    async purge(purpose, version) {
      let removed = 0
      for (const column of columns) {
        if (column.kind !== 'named' || column.over !== 'removed' || column.purpose !== purpose) continue
        const asked = { version, newest: newestOf(purpose), now: clock.now(), max: batchMax }
        for (let last = batchMax; last === batchMax; removed += last) last = await store.removeOver(column, asked)
      }
      return removed
    },
  }
}
