/** Grants in Postgres. */
import type { Database } from '@latchkey/prisma'
import { hasSecondFactor } from '../second-factors/enrolled.prisma.ts'
import type { GrantsStore, StoredGrants } from './store.ts'

/** `r` is the role. Along a way through several roles the earliest end counts; of several ways, the latest. */
const graceEnd = (grantedAt: string): string =>
  `coalesce(${grantedAt} + r.second_factor_grace_days * interval '1 day', 'infinity')`

// One statement: an epoch read in another moment than the roles would let an old role outlive its end.
const readGrants = {
  name: 'users_grants_by_account',
  text: `WITH RECURSIVE held (account_id, role, granted_at, grace_ends_at) AS (
           SELECT g.account_id, g.role, g.granted_at, ${graceEnd('g.granted_at')}
           FROM users.role_grants g LEFT JOIN users.roles r ON r.name = g.role WHERE g.account_id = ANY($1::text[])
           UNION
           SELECT h.account_id, i.included, h.granted_at, least(h.grace_ends_at, ${graceEnd('h.granted_at')}) FROM held h
           JOIN users.roles by ON by.name = h.role AND by.deleted_at IS NULL
           JOIN users.role_inclusions i ON i.role = h.role
           JOIN users.roles r ON r.name = i.included),
         each AS (
           SELECT h.account_id, r.name, r.scopes, max(h.grace_ends_at) AS grace_ends_at
           FROM held h JOIN users.roles r ON r.name = h.role AND r.deleted_at IS NULL GROUP BY h.account_id, r.name),
         roles AS (
           SELECT account_id, jsonb_agg(jsonb_build_object('name', name, 'scopes', scopes, 'graceEndsAtMs',
                    CASE WHEN isfinite(grace_ends_at) THEN round(date_part('epoch', grace_ends_at) * 1000) END)
                  ORDER BY name) AS roles
           FROM each GROUP BY account_id)
         SELECT a.id, a.grants_epoch AS epoch, a.status, a.suspended_until AS "suspendedUntil",
                a.session_epoch AS "sessionEpoch", a.session_kept AS "sessionKept",
                a.keys_doubted_since IS NOT NULL AS "keysDoubted",
                CASE WHEN a.email_verified_at IS NULL THEN a.created_at END AS "unconfirmedSince", coalesce(r.roles, '[]') AS roles,
                ${hasSecondFactor('a.id')} AS "hasSecondFactor"
         FROM users.accounts a LEFT JOIN roles r ON r.account_id = a.id
         WHERE a.id = ANY($1::text[])`,
}
const readHolders = {
  name: 'users_role_holders',
  text: `WITH RECURSIVE including (role) AS (
           SELECT $1::text UNION
           SELECT i.role FROM including JOIN users.role_inclusions i ON i.included = including.role)
         SELECT DISTINCT account_id AS id FROM users.role_grants
         WHERE role IN (SELECT role FROM including) AND account_id > $2 ORDER BY account_id LIMIT $3`,
}

export function prismaGrantsStore(database: Database): GrantsStore {
  const read = database.batchedRead(readGrants, ({ id }: StoredGrants) => id)
  return {
    byUser: async (userId) => (await read(userId))[0] ?? null,
    byUsers: (userIds) => database.query<StoredGrants>(readGrants, [userIds]),
    holders: async (role, { after, max }) =>
      (await database.query<{ id: string }>(readHolders, [role, after, max])).map(({ id }) => id),
  }
}
