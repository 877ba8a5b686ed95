/** Trusted devices in Postgres. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { auditJson, insertAuditRecord } from '../audit/store.prisma.ts'
import type { TrustedDeviceStore } from './store.ts'
import { type TrustedDevice, trustedDevicesMax } from './trusted-device.ts'

const columns = `d.device_id AS id, d.account_id AS "accountId", d.name, d.network, d.created_at AS "createdAt",
  d.last_used_at AS "lastUsedAt", d.expires_at AS "expiresAt"`

// A row of an earlier epoch is of no account's devices any more.
const ofThisEpoch = 'JOIN users.accounts a ON a.id = d.account_id AND a.session_epoch = d.session_epoch'

const readOfAccounts = {
  name: 'users_trusted_devices_by_account',
  text: `SELECT ${columns} FROM users.trusted_devices d ${ofThisEpoch}
         WHERE d.account_id = ANY($1::text[]) ORDER BY d.account_id, d.created_at DESC, d.device_id DESC`,
}

const newest = (most: number) =>
  `SELECT k.device_id FROM users.trusted_devices k
   WHERE k.account_id = $1 AND k.session_epoch = $3 ORDER BY k.created_at DESC, k.device_id DESC LIMIT ${most}`

// The surplus goes with the next device; until then only the newest ten count, so that ten is exact however many come at once.
const add = {
  name: 'users_trusted_device_add',
  text: `WITH account AS (
           SELECT id AS account_id FROM users.accounts
           WHERE id = $1 AND status = 'active' AND session_epoch = $3 FOR UPDATE),
         surplus AS (
           DELETE FROM users.trusted_devices d USING account
           WHERE d.account_id = account.account_id AND d.device_id <> $2
             AND d.device_id NOT IN (${newest(trustedDevicesMax)})),
         added AS (
           INSERT INTO users.trusted_devices (account_id, device_id, session_epoch, name, network, created_at, expires_at)
           SELECT account_id, $2, $3, $4, $5, $6, $7::timestamptz FROM account
           ON CONFLICT (account_id, device_id) DO UPDATE
             SET session_epoch = excluded.session_epoch, name = excluded.name, network = excluded.network,
                 created_at = excluded.created_at, last_used_at = NULL, expires_at = excluded.expires_at
           RETURNING account_id),
         record AS (${insertAuditRecord('$8', 'added')})
         SELECT account_id FROM added`,
}

const use = {
  name: 'users_trusted_device_use',
  text: `UPDATE users.trusted_devices d SET last_used_at = $4
         FROM users.accounts a
         WHERE d.account_id = $1 AND d.device_id = $2 AND d.expires_at > $4
           AND a.id = d.account_id AND a.status = 'active' AND a.session_epoch = d.session_epoch AND d.session_epoch = $3
           AND d.device_id IN (${newest(trustedDevicesMax)})
         RETURNING d.device_id`,
}

const revoke = {
  name: 'users_trusted_devices_revoke',
  text: `WITH gone AS (
           DELETE FROM users.trusted_devices d WHERE d.account_id = $1 AND d.device_id = ANY($2::text[])
           RETURNING d.device_id),
         one AS (SELECT FROM gone LIMIT 1),
         record AS (${insertAuditRecord('$3', 'one')})
         SELECT device_id AS id FROM gone`,
}

export const trustedDevicesOver: RowsOver = { table: 'users.trusted_devices', over: 'r.expires_at <= $1' }

export function prismaTrustedDeviceStore(database: Database): TrustedDeviceStore {
  return {
    ofAccount: database.batchedRead(readOfAccounts, ({ accountId }: TrustedDevice) => accountId),
    async add({ accountId, id, sessionEpoch, name, network, createdAt, expiresAt, record }) {
      const device = [accountId, id, sessionEpoch, name, network, createdAt, expiresAt]
      return (await database.query(add, [...device, auditJson(record)])).length === 1
    },
    async use({ accountId, id, sessionEpoch, at }) {
      return (await database.query(use, [accountId, id, sessionEpoch, at])).length === 1
    },
    async revoke(accountId, ids, record) {
      const gone = await database.query<{ id: string }>(revoke, [accountId, ids, auditJson(record)])
      return gone.map(({ id }) => id)
    },
  }
}
