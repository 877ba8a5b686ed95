/** Ends again what an old copy of Redis may have brought back to life. */
import { type Clock, minuteMs } from '@latchkey/clock'
import type { SessionStore } from '../sessions/store.ts'
import type { Ledger, Revocation } from './ledger.ts'

/** Remembers, in the very store that could grow old, up to where the ledger has been applied to it. */
export interface AppliedMark {
  read(): Promise<Date | null>
  write(through: Date): Promise<void>
}

interface ReapplyDependencies {
  readonly ledger: Ledger
  readonly store: Pick<SessionStore, 'end'>
  readonly mark: AppliedMark
  readonly clock: Clock
}

// An entry is made before its session ends, and clocks differ: what is younger than this is applied once more.
const overlapMs = 5 * minuteMs
const beginning = new Date(0)

/**
 * Applies the revocations that the store has not seen. A store that was restored from a copy carries the mark of that
 * copy, so exactly what came after it is applied.
 */
export async function reapplyRevocations({ ledger, store, mark, clock }: ReapplyDependencies): Promise<void> {
  const startedAt = clock.now()
  let last: Pick<Revocation, 'revokedAt' | 'sessionId'> | undefined = {
    revokedAt: (await mark.read()) ?? beginning,
    sessionId: '',
  }
  while (last) {
    const page = await ledger.revocations(last, startedAt)
    await Promise.all(page.map((revocation) => store.end(revocation)))
    last = page.at(-1)
  }
  await mark.write(new Date(startedAt.getTime() - overlapMs))
}
