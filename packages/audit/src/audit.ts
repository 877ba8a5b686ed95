/** The audit chain of a subgraph: records get a place in it that cannot be changed unseen, and anybody with the keyring can check. */
import type { Database } from '@latchkey/prisma'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import type { ChainPlace } from './checkpoint.ts'
import { origin, type Place } from './link.ts'
import { createSealer, type Sealer } from './sealer.ts'
import { type AuditSchema, prismaChainStore } from './store.prisma.ts'
import { type Told, type Verdict, verifyChain } from './verification.ts'

export { type ChainPlace, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
export type { Verdict } from './verification.ts'

export interface AuditChainDependencies {
  readonly database: Pick<Database, 'query' | 'queryAlone'>
  readonly schema: AuditSchema
  readonly keyring: Keyring
  readonly logger: Logger
}

export interface AuditChain extends Sealer {
  /** The name of the subgraph whose records these are. */
  readonly name: string
  /** Rejects with UNAVAILABLE. */
  verify(options?: { readonly checkpoint?: Place | undefined; readonly tell?: Told }): Promise<Verdict>
  /** Where the chain stands once all that waits has its place. */
  checkpoint(): Promise<ChainPlace>
}

export function createAuditChain({ database, schema, keyring, logger }: AuditChainDependencies): AuditChain {
  const name = schema.replace('_', '-')
  const store = prismaChainStore(database, schema)
  const sealer = createSealer({ chain: name, store, keyring, logger })
  return {
    ...sealer,
    name,
    verify: (options) => verifyChain({ chain: name, store, keyring }, options),
    async checkpoint() {
      await sealer.seal()
      return { chain: name, ...((await store.head())?.to ?? origin) }
    },
  }
}
