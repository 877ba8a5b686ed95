/** Recovery codes in Postgres. */
import type { Database } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { mayProve, type UnconfirmedSince } from '../second-factors/may-prove.ts'
import type { RecoveryCodeStore } from './store.ts'

const use = {
  name: 'users_recovery_code_use',
  text: `WITH used AS (
           UPDATE users.recovery_codes c SET used_at = $4 FROM (${mayProve('$1', '$6')}) account
           WHERE c.account_id = account.account_id AND c.used_at IS NULL
             AND (c.mac_key_id, c.mac) IN (SELECT * FROM unnest($2::text[], $3::text[]))
           RETURNING account.session_epoch AS "sessionEpoch"),
         ${writeConsequences('$5', 'used')}
         SELECT "sessionEpoch" FROM used`,
}

export const prismaRecoveryCodeStore = (database: Database, unconfirmedSince: UnconfirmedSince): RecoveryCodeStore => ({
  async use({ accountId, macs, at, consequences }) {
    const parameters = [accountId, ...macColumns(macs), at, consequencesJson(consequences), unconfirmedSince()]
    const [used] = await database.query<{ sessionEpoch: number }>(use, parameters)
    return used ?? null
  },
})
