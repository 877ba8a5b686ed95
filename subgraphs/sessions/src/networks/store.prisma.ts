/** Network rules in Postgres. Each change is one statement, with its audit record. */
import type { Database } from '@latchkey/prisma'
import type { RowsOver } from '@latchkey/prisma/cleanup'
import { entryValues, insertRecord } from '../ledger/record.prisma.ts'
import type { NetworkRule } from './network-rule.ts'
import type { NetworkRuleStore } from './store.ts'

const columns = `id, network, kind, reason, created_at AS "createdAt", expires_at AS "expiresAt"`

const live = {
  name: 'sessions_network_rules_live',
  text: `SELECT ${columns} FROM sessions.network_rules WHERE expires_at > $1 ORDER BY network LIMIT $2`,
}

const put = {
  name: 'sessions_network_rule_put',
  text: `WITH put AS (
      INSERT INTO sessions.network_rules (id, network, kind, reason, created_at, expires_at)
      SELECT $6, $7, $8, $9, $10::timestamptz, $11::timestamptz
      WHERE (SELECT count(*) FROM sessions.network_rules WHERE expires_at > $10::timestamptz AND network <> $7) < $12
      ON CONFLICT (network) DO UPDATE SET kind = EXCLUDED.kind, reason = EXCLUDED.reason,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
      RETURNING ${columns}),
    record AS (${insertRecord(`CASE kind WHEN 'BAN' THEN 'network.ban' ELSE 'network.allow' END`, 'id', 'put')})
    SELECT * FROM put`,
}

const remove = {
  name: 'sessions_network_rule_remove',
  text: `WITH removed AS (
      DELETE FROM sessions.network_rules WHERE id = $6 AND expires_at > $2::timestamptz RETURNING ${columns}),
    record AS (${insertRecord(`'network.rule-remove'`, 'id', 'removed')})
    SELECT * FROM removed`,
}

export const networkRulesOver: RowsOver = { table: 'sessions.network_rules', over: 'r.expires_at <= $1' }

export const prismaNetworkRuleStore = (database: Pick<Database, 'query'>): NetworkRuleStore => ({
  live: (now, max) => database.query<NetworkRule>(live, [now, max]),
  async put({ id, network, kind, reason, createdAt, expiresAt }, entry, max) {
    const rule = [id, network, kind, reason, createdAt, expiresAt]
    return (await database.query<NetworkRule>(put, [...entryValues(entry), ...rule, max]))[0] ?? null
  },
  async remove(id, entry) {
    return (await database.query<NetworkRule>(remove, [...entryValues(entry), id]))[0] ?? null
  },
})
