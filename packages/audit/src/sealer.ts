/** The sealer gives records that were committed their place in the chain, within about a second, for as long as the process lives. */
import { hourMs } from '@latchkey/clock'
import type { Keyring } from '@latchkey/secrets'
import type { Logger } from '@latchkey/telemetry'
import { writeCheckpoint } from './checkpoint.ts'
import { type Head, isSignedByOlder, judgeHead, nothingYet, signHead } from './head.ts'
import { linkAfter } from './link.ts'
import type { ChainStore, NewLink } from './store.ts'

export interface Sealer {
  /** Links everything that waits now; how many records that were. Rejects with UNAVAILABLE, and when the head is not ours. */
  seal(): Promise<number>
  start(): void
  /** Resolves when it is not sealing any more. */
  close(): Promise<void>
}

export interface SealerDependencies {
  readonly chain: string
  readonly store: ChainStore
  readonly keyring: Keyring
  readonly logger: Logger
}

const batchMax = 500
const pauseMs = 1_000

/** Signing on from a head that somebody else wrote would make their lie ours. */
function requireOurs(keyring: Keyring, chain: string, head: Head): void {
  const verdict = judgeHead(keyring, chain, head)
  if (verdict !== 'signed')
    throw new Error(`the head of the audit chain ${chain} is ${verdict}: nothing is sealed on it`)
}

export function createSealer({ chain, store, keyring, logger }: SealerDependencies): Sealer {
  async function sealBatch(): Promise<{ readonly sealed: number; readonly more: 'more' | 'done' }> {
    // The head first: whatever somebody else links after this makes the extension late.
    const before = await store.head()
    const waiting = await store.waiting(batchMax)
    if (before) requireOurs(keyring, chain, before)
    if (waiting.length === 0 && (!before || !isSignedByOlder(keyring, before))) return { sealed: 0, more: 'done' }
    const { from, to } = before ?? nothingYet
    let last = to
    const links = waiting.map((record): NewLink => {
      last = linkAfter(last, chain, record)
      return { ...last, recordId: record.id }
    })
    const outcome = await store.extend(before, links, signHead(keyring, chain, { from, to: last }))
    if (outcome === 'late') return { sealed: 0, more: 'more' }
    return { sealed: links.length, more: links.length === batchMax ? 'more' : 'done' }
  }

  async function seal(): Promise<number> {
    for (let total = 0; ; ) {
      const { sealed, more } = await sealBatch()
      total += sealed
      if (more === 'done') return total
    }
  }

  let timer: NodeJS.Timeout | undefined
  let anchors: NodeJS.Timeout | undefined
  let current: Promise<unknown> = Promise.resolve()
  let state: 'working' | 'failing' | 'closed' = 'working'

  /** What is logged leaves the machine: a checkpoint that whoever holds the database cannot take back. */
  async function anchor(): Promise<void> {
    const head = await store.head()
    if (head) logger.info({ auditCheckpoint: writeCheckpoint([{ chain, ...head.to }]) }, 'the audit chain reaches here')
  }

  function turn(): void {
    current = seal()
      .then(() => {
        if (state === 'failing') state = 'working'
      })
      .catch((error: unknown) => {
        if (state === 'working') logger.warn({ err: error }, 'audit records wait for their place; it is tried again')
        if (state === 'working') state = 'failing'
      })
      .then(() => {
        if (state !== 'closed') timer = setTimeout(turn, pauseMs).unref()
      })
  }

  return {
    seal,
    start() {
      turn()
      anchors ??= setInterval(() => void anchor().catch(() => {}), hourMs).unref()
    },
    async close() {
      state = 'closed'
      clearTimeout(timer)
      clearInterval(anchors)
      await current
    },
  }
}
