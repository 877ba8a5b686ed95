/** Keys into a file and out of one, in GraphQL: as many as fit a request. */
import { badInput, Problem } from '@latchkey/problem'
import type { GuardedContext } from '@latchkey/subgraph'
import type { BackupService } from '../backup/service.ts'
import type { ArchiveStore } from '../backup/store.ts'
import { creatorOf } from '../keys/reach.ts'
import type { Actor, ImportMode, RowReport } from './import.ts'
import type { ImportService } from './service.ts'

export interface TransferContext extends GuardedContext {
  readonly imports: ImportService
  readonly backup: BackupService
  readonly archives: Pick<ArchiveStore, 'count'>
}

/** What fits a request and an answer; files of any size go by the operator's command. */
const charactersMax = 240_000
const rowsMax = 500

interface Input<Value> {
  readonly input: Value
}

function actorOf(context: TransferContext): Actor {
  const { principal, requestId } = creatorOf(context)
  return { actorKind: 'user', actorId: principal.userId, requestId }
}

function bytesOf(ndjson: string): readonly Uint8Array[] {
  const wrong = (fault: string) => badInput({ 'input.ndjson': `${fault}; use the operator’s command for more` })
  if (ndjson.length > charactersMax) throw wrong(`must be at most ${charactersMax} characters`)
  const rows = ndjson.split('\n', rowsMax + 4).filter((line) => line.trim() !== '').length
  // An archive has a line before its keys and one behind them.
  if (rows === 0 || rows > rowsMax + 2) throw wrong(`must be 1 to ${rowsMax} keys`)
  return [Buffer.from(ndjson)]
}

/** Collects an archive for as long as it fits an answer. */
function createSheet(tooMany: () => Promise<Problem>) {
  let text = ''
  return {
    async write(lines: string) {
      text += lines
      if (text.length > charactersMax) throw await tooMany()
    },
    text: () => text,
  }
}

export const transferResolvers = {
  Mutation: {
    async exportApiKeys(
      _: unknown,
      { input }: { input?: { ownerId?: string | null } | null },
      context: TransferContext,
    ) {
      const ownerId = input?.ownerId ?? null
      const sheet = createSheet(async () => tooMany(await context.archives.count(ownerId)))
      const exported = await context.backup.exportKeys({ by: actorOf(context), ownerId, write: sheet.write })
      return { ...exported, ndjson: sheet.text() }
    },
    async importApiKeys(_: unknown, { input }: Input<{ ndjson: string; mode: ImportMode }>, context: TransferContext) {
      const rows: RowReport[] = []
      const report = (some: readonly RowReport[]) => void rows.push(...some)
      const terms = { mode: input.mode, by: actorOf(context), bringer: creatorOf(context).principal, report }
      const { counts, kept } = await context.imports.importFrom(bytesOf(input.ndjson), terms)
      const { ADDED: added, UPDATED: updated, SAME: same, CONFLICT: conflicting, REFUSED: refused } = counts
      const outcome = kept ? 'WRITTEN' : 'NOTHING_WRITTEN'
      return { mode: input.mode, outcome, added, updated, same, conflicting, refused, rows }
    },
  },
  ImportedApiKeyRow: { apiKeyId: ({ keyId }: RowReport) => keyId },
}

const tooMany = (keys: number): Problem =>
  new Problem('CONFLICT', `${keys} keys`, {
    message: `There are ${keys} keys, and they do not fit an answer. Name an owner, or use \`npm run latchkey -- api-keys export FILE\`.`,
  })
