/** Erasure: after it nothing says who the person was. What it takes, in which order, is told by `service.ts`. */
import { minuteMs } from '@latchkey/clock'

/** One line of the erasure ledger: which account was erased, and when. It holds nothing else, and is kept for ever. */
export interface LedgerEntry {
  readonly accountId: string
  readonly erasedAt: Date
}

/** Whoever began an erasure and was cut short is followed by another one after this long. */
export const leaseMs = 5 * minuteMs

/** What was under way when a person was erased has ended after this long: then it is done once more. */
export const settlingMs = 10 * minuteMs

/** As a line of NDJSON, for a file that is kept apart from the database. */
export const writeEntry = ({ accountId, erasedAt }: LedgerEntry): string =>
  `${JSON.stringify({ accountId, erasedAt: erasedAt.toISOString() })}\n`

const idText = /^[\w-]{1,64}$/

/** `null` when the line is none. */
export function readEntry(line: string): LedgerEntry | null {
  const read = parsed(line)
  if (typeof read !== 'object' || read === null || !('accountId' in read) || !('erasedAt' in read)) return null
  const erasedAt = new Date(String(read.erasedAt))
  const { accountId } = read
  if (typeof accountId !== 'string' || !idText.test(accountId) || Number.isNaN(erasedAt.getTime())) return null
  return { accountId, erasedAt }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
