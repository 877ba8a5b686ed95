/** What Users holds of a person, read from Postgres. Never a hash, a token or a secret. */
import type { Database } from '@latchkey/prisma'
import type { HeldAccount, HeldFactors, HeldStore } from './contributors.ts'

const account = {
  name: 'users_held_account',
  text: `SELECT k.sealed_key AS "sealedKey",
           jsonb_build_object('email', a.email, 'display_name', a.display_name, 'username', a.username,
             'profile', a.profile, 'public_metadata', a.public_metadata, 'private_metadata', a.private_metadata,
             'admin_metadata', a.admin_metadata, 'external_id', a.external_id, 'suspended_reason', a.suspended_reason) AS sealed,
           jsonb_build_object('id', a.id, 'status', a.status, 'createdAt', a.created_at, 'lastSignInAt', a.last_sign_in_at,
             'emailVerifiedAt', a.email_verified_at, 'suspendedAt', a.suspended_at, 'suspendedUntil', a.suspended_until,
             'deletedAt', a.deleted_at, 'eraseAt', a.erase_at,
             'passwordChangedAt', (SELECT p.changed_at FROM users.passwords p WHERE p.account_id = a.id)) AS plain
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id WHERE a.id = $1`,
}
const roles = {
  name: 'users_held_roles',
  text: 'SELECT role, granted_at AS "grantedAt" FROM users.role_grants WHERE account_id = $1 ORDER BY role',
}
const factors = {
  name: 'users_held_factors',
  text: `SELECT k.sealed_key AS "sealedKey",
           (SELECT jsonb_build_object('createdAt', t.created_at, 'confirmedAt', t.confirmed_at)
            FROM users.totp_factors t WHERE t.account_id = k.account_id) AS "authenticatorApp",
           a.email_codes_enabled AS "emailCodes",
           (SELECT jsonb_build_object('made', count(*), 'used', count(c.used_at))
            FROM users.recovery_codes c WHERE c.account_id = k.account_id) AS "recoveryCodes",
           coalesce((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'createdAt', p.created_at,
                       'lastUsedAt', p.last_used_at, 'backedUp', p.backed_up, 'signCountAlarmAt', p.sign_count_alarm_at) ORDER BY p.created_at)
            FROM users.passkeys p WHERE p.account_id = k.account_id), '[]') AS passkeys
         FROM users.data_keys k JOIN users.accounts a ON a.id = k.account_id WHERE k.account_id = $1`,
}
const trustedDevices = {
  name: 'users_held_trusted_devices',
  text: `SELECT device_id AS id, name, network, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt"
         FROM users.trusted_devices WHERE account_id = $1 ORDER BY created_at`,
}
const events = {
  name: 'users_held_events',
  text: `SELECT at, action, outcome, detail FROM users.audit_records WHERE target = $1 ORDER BY at DESC, id DESC LIMIT $2`,
}

export const prismaHeldStore = (database: Database): HeldStore => ({
  account: async (accountId) => (await database.query<HeldAccount>(account, [accountId]))[0] ?? null,
  roles: (accountId) => database.query(roles, [accountId]),
  factors: async (accountId) => (await database.query<HeldFactors>(factors, [accountId]))[0] ?? null,
  trustedDevices: (accountId) => database.query(trustedDevices, [accountId]),
  events: (accountId, max) => database.query(events, [accountId, max]),
})
