/** The audit chain of a subgraph: records get a place in it that cannot be changed unseen, and anybody with the keyring can check. */
import type { Clock } from '@latchkey/clock'
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import type { ChainPlace } from './checkpoint.ts'
import { type ExportVerdict, exportLines, verifyExport } from './export.ts'
import { origin, type Place } from './link.ts'
import { prismaRecordReader, type ReadRecords } from './reader.prisma.ts'
import { createRetention } from './retention.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { type AuditSchema, prismaChainStore } from './store.prisma.ts'
import type { Period } from './store.ts'
import { prismaRecordTail, type ReadTail } from './tail.prisma.ts'
import { type Told, type Verdict, verifyChain } from './verification.ts'

export { type AuditAction, auditActions, type Named } from './actions.ts'
export { type ChainPlace, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
export type { ReadRecords, RecordFilter, ShownRecord } from './reader.prisma.ts'
export { prismaRecordReader } from './reader.prisma.ts'
export { type PlacedRecord, prismaRecordTail, type ReadTail, type TailStart } from './tail.prisma.ts'
export {
  argumentsOf,
  argumentsOfTail,
  type RecordArguments,
  readTold,
  readToldTail,
  type TailArguments,
  tailLimitMax,
  tellRecords,
  tellTail,
} from './told-records.ts'
export type { Verdict } from './verification.ts'

export interface AuditChainDependencies {
  readonly database: Pick<Database, 'query' | 'queryAlone'>
  readonly schema: AuditSchema
  readonly keyring: Keyring
  readonly clock: Clock
  /** How long records are kept, in days: 30 at least. */
  readonly auditKeptDays: number
  readonly logger: Logger
}

export interface AuditChain extends Sealer {
  /** Removes the records whose time is over, or until it is told to end; how many those were. */
  forget(ending?: AbortSignal): Promise<number>
  /** The name of the subgraph whose records these are. */
  readonly name: string
  /** Rejects with UNAVAILABLE. */
  verify(options?: { readonly checkpoint?: Place | undefined; readonly tell?: Told }): Promise<Verdict>
  /** Its records of a time with their links, as lines that can be checked with nothing else. Throws where they are not as they were written. */
  exportLines(period: Period): AsyncIterable<string>
  /** Checks such lines, also of other chains of this installation. */
  verifyExport(lines: AsyncIterable<string>): Promise<ExportVerdict>
  /** Its records, newest first. */
  readonly read: ReadRecords
  /** What has a place after another, in order. */
  readonly tail: ReadTail
  /** Where the chain stands once all that waits has its place. */
  checkpoint(): Promise<ChainPlace>
}

export function createAuditChain(dependencies: AuditChainDependencies): AuditChain {
  const { database, schema, keyring, clock, auditKeptDays: keptDays, logger } = dependencies
  const name = schema.replace('_', '-')
  const store = prismaChainStore(database, schema)
  const sealer = createSealer({ chain: name, store, keyring, logger })
  const retention = createRetention({ chain: name, store, keyring, clock, keptDays, logger })
  return {
    ...sealer,
    forget: retention.forget,
    name,
    read: prismaRecordReader(database, schema),
    tail: prismaRecordTail(database, schema),
    verify: (options) => verifyChain({ chain: name, store, keyring }, options),
    async *exportLines(period) {
      await sealer.seal()
      yield* exportLines({ chain: name, store, keyring }, period)
    },
    verifyExport: (lines) => verifyExport(lines, keyring),
    async checkpoint() {
      await sealer.seal()
      return { chain: name, ...((await store.head())?.to ?? origin) }
    },
  }
}
