/** When somebody last signed in: noted when the proof is complete, never at the price of the sign-in. */
import { type Clock, minuteMs } from '@latchkey/clock'
import type { Database } from '@latchkey/prisma'
import type { Logger } from '@latchkey/telemetry'

export interface LastSignIn {
  /** At most once a minute an account. Resolves when that failed too. */
  note(accountId: string): Promise<void>
}

const everyMs = minuteMs

const noteSignIn = {
  name: 'users_last_sign_in',
  text: `UPDATE users.accounts SET last_sign_in_at = $2
         WHERE id = $1 AND (last_sign_in_at IS NULL OR last_sign_in_at <= $3)`,
}

export const prismaLastSignIn = ({
  database,
  clock,
  logger,
}: {
  database: Database
  clock: Clock
  logger: Logger
}): LastSignIn => ({
  async note(accountId) {
    const at = clock.now()
    await database
      .query(noteSignIn, [accountId, at, new Date(at.getTime() - everyMs)])
      .catch((error: unknown) => logger.warn({ err: error, accountId }, 'a sign-in could not be noted'))
  },
})
