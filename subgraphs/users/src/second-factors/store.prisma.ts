/** Second factors in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { FactorState } from './second-factor.ts'
import { factorChange, runFactorChange } from './statement.ts'
import type { FactorStore } from './store.ts'

const readStates = {
  name: 'users_factor_states',
  text: `SELECT a.id, a.grants_epoch AS "grantsEpoch", a.email_codes_enabled AS "emailCodes",
                EXISTS (SELECT FROM users.passwords p WHERE p.account_id = a.id) AS "hasPassword",
                EXISTS (SELECT FROM users.passwords p WHERE p.account_id = a.id AND p.needs_factor) AS "passwordNeedsFactor",
                EXISTS (SELECT FROM users.totp_factors t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL) AS totp,
                (SELECT count(*) FROM users.passkeys p WHERE p.account_id = a.id)::int AS passkeys,
                (SELECT count(*) FROM users.recovery_codes c WHERE c.account_id = a.id AND c.used_at IS NULL)::int
                  AS "recoveryCodesLeft",
                EXISTS (
                  WITH RECURSIVE held (role) AS (
                    SELECT g.role FROM users.role_grants g WHERE g.account_id = a.id UNION
                    SELECT i.included FROM held JOIN users.role_inclusions i ON i.role = held.role)
                  SELECT FROM held JOIN users.roles r ON r.name = held.role
                  WHERE r.deleted_at IS NULL AND r.second_factor_grace_days IS NOT NULL) AS demanded
         FROM users.accounts a WHERE a.id = ANY($1::text[])`,
}
const replaceCodes = factorChange({ name: 'users_recovery_codes_replace' })
const emailCodesOn = factorChange({ name: 'users_email_codes_on', account: ', email_codes_enabled = true' })
const emailCodesOff = factorChange({ name: 'users_email_codes_off', account: ', email_codes_enabled = false' })

export function prismaFactorStore(database: Database): FactorStore {
  const states = database.batchedRead(readStates, ({ id }: FactorState & { id: string }) => id)
  return {
    stateOf: async (accountId) => (await states(accountId))[0] ?? null,
    replaceRecoveryCodes: (write) => runFactorChange(database, replaceCodes, write),
    switchEmailCodes: (write, to) => runFactorChange(database, to === 'on' ? emailCodesOn : emailCodesOff, write),
  }
}
