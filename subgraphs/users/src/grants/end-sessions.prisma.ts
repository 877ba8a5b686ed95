/** The end of sessions: part of the statements by which an account ends whatever anybody is signed in with. */

interface Ending {
  /** An expression: the session that goes on. None does unless said. */
  readonly kept?: `$${number}`
  /** The name of the row, where the statement joins others that have such columns. */
  readonly of?: string
}

/**
 * For the `SET` of an update of accounts: every session that began before has ended, on every process with its next request, for
 * the grants that say so are newer than any that are known.
 */
export function endSessions({ kept, of }: Ending = {}): string {
  const row = of ? `${of}.` : ''
  return `session_epoch = ${row}session_epoch + 1, session_kept = ${kept ?? 'NULL'}, grants_epoch = ${row}grants_epoch + 1`
}

/** The same where a session is named that goes on; where none is, only the grants have changed. */
export const endOthers = (kept: `$${number}`): string =>
  `session_epoch = session_epoch + (${kept}::text IS NOT NULL)::int, session_kept = coalesce(${kept}, session_kept),
   grants_epoch = grants_epoch + 1`
