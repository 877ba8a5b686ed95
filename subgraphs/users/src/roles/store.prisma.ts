/** Roles in Postgres. Every change of them runs alone, so that what it decides from many rows is still so when it writes. */
import type { Database, Statement } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { isPerson } from '../service-accounts/people.prisma.ts'
import type { StoredRole } from './role-book.ts'
import type { DefinitionChange, GrantChange, RoleHolder, RoleStore, Written } from './store.ts'

/** Held by every statement that may change who can do what. */
export const rolesLock = 'users.roles'

/** Differs as soon as any role was made, changed or removed. */
const stampOfRoles = `(SELECT coalesce(md5(string_agg(concat_ws(' ', name, version, date_part('epoch', created_at),
  date_part('epoch', deleted_at)), ',' ORDER BY name)), '') FROM users.roles)`

const readRoles = {
  name: 'users_roles',
  text: `SELECT r.name, r.description, r.scopes, r.version, r.second_factor_grace_days AS "secondFactorWithinDays",
                CASE WHEN r.session_max IS NOT NULL THEN jsonb_build_object('max', r.session_max, 'onExcess', r.session_excess) END
                  AS "sessionLimit",
                ARRAY(SELECT i.included FROM users.role_inclusions i WHERE i.role = r.name ORDER BY i.included) AS includes,
                ${stampOfRoles} AS stamp
         FROM users.roles r WHERE r.deleted_at IS NULL ORDER BY r.created_at, r.name`,
}
const readHolder = {
  name: 'users_role_holder',
  text: `SELECT a.id, a.status, a.grants_epoch AS "grantsEpoch",
                ARRAY(SELECT r.role FROM users.role_grants r WHERE r.account_id = a.id ORDER BY r.role) AS roles
         FROM users.accounts a WHERE a.id = $1`,
}

/** The CTE `book`: a row while the roles are those the change was judged by. */
export const roleBookIs = (stamp: `$${number}`): string => `book AS (SELECT WHERE ${stampOfRoles} = ${stamp}::text)`

/**
 * The CTE `safe`: a row when an active account besides `account` holds one of the roles, or when the parameter is null. An
 * invitation that nobody has accepted administers nothing, nor does a service account: a key hands out no roles.
 */
export const anAdministratorIsLeft = (roles: `$${number}`, account?: `$${number}`): string =>
  `safe AS (SELECT WHERE ${roles}::text[] IS NULL OR EXISTS (
     SELECT FROM users.role_grants g JOIN users.accounts a ON a.id = g.account_id
     WHERE g.role = ANY(${roles}::text[]) AND a.status = 'active' AND a.email_verified_at IS NOT NULL
       AND ${isPerson('a')} ${account ? `AND a.id <> ${account}` : ''}))`

/** What became of a change whose CTE is `changed`; `holds` says, as CTEs, what had to be so. */
export const writtenOf = (changed: string, ...holds: readonly string[]): string =>
  `SELECT CASE WHEN EXISTS (SELECT FROM ${changed}) THEN 'done'
               WHEN ${holds.map((name) => `EXISTS (SELECT FROM ${name})`).join(' AND ')} AND NOT EXISTS (SELECT FROM safe)
               THEN 'last-administrator' ELSE 'stale' END AS written`

/** The CTE `holder`: the account, locked, while it is what the change was judged by. */
export const holderIs = (account: `$${number}`, grantsEpoch: `$${number}`): string =>
  `holder AS (
     SELECT id FROM users.accounts WHERE id = ${account} AND grants_epoch = ${grantsEpoch} AND erasing_since IS NULL FOR UPDATE)`
const movedOn = (of: string) =>
  `moved AS (UPDATE users.accounts SET grants_epoch = grants_epoch + 1 WHERE id = (SELECT account_id FROM ${of}))`

const grantRole = {
  name: 'users_role_grant',
  text: `WITH ${roleBookIs('$1')}, ${anAdministratorIsLeft('$2')}, ${holderIs('$3', '$4')},
         granted AS (
           INSERT INTO users.role_grants (account_id, role, granted_at) SELECT holder.id, $5, $6 FROM holder, book, safe
           ON CONFLICT DO NOTHING RETURNING account_id),
         ${movedOn('granted')},
         ${writeConsequences('$7', 'granted')}
         ${writtenOf('granted', 'book', 'holder')}`,
}
const revokeRole = {
  name: 'users_role_revoke',
  text: `WITH ${roleBookIs('$1')}, ${anAdministratorIsLeft('$2', '$3')}, ${holderIs('$3', '$4')},
         revoked AS (
           DELETE FROM users.role_grants g USING holder, book, safe
           WHERE g.account_id = holder.id AND g.role = $5 AND $6::timestamptz IS NOT NULL RETURNING g.account_id),
         ${movedOn('revoked')},
         ${writeConsequences('$7', 'revoked')}
         ${writtenOf('revoked', 'book', 'holder')}`,
}

const reachedMoveOn = `moved AS (
  UPDATE users.accounts SET grants_epoch = grants_epoch + 1
  WHERE id IN (SELECT g.account_id FROM users.role_grants g, changed WHERE g.role = ANY($9::text[])))`
const inclusionsBecome = `
  dropped AS (DELETE FROM users.role_inclusions i USING changed WHERE i.role = changed.name AND i.included <> ALL($7::text[])),
  included AS (
    INSERT INTO users.role_inclusions (role, included) SELECT changed.name, other FROM changed, unnest($7::text[]) AS other
    ON CONFLICT DO NOTHING)`

const definition = (name: string, changed: string, inclusions: string): Statement => ({
  name,
  text: `WITH ${roleBookIs('$1')}, ${anAdministratorIsLeft('$2')},
         changed AS (${changed} RETURNING name),
         ${inclusions},
         ${reachedMoveOn},
         ${writeConsequences('$10', 'changed')}
         ${writtenOf('changed', 'book')}`,
})

const limitColumns = `($11::jsonb ->> 'max')::int, $11::jsonb ->> 'onExcess'`

const createRole = definition(
  'users_role_create',
  `INSERT INTO users.roles (name, description, scopes, second_factor_grace_days, created_at, session_max, session_excess)
   SELECT $3, $4, $5::text[], $6::int, $8::timestamptz, ${limitColumns} FROM book, safe ON CONFLICT DO NOTHING`,
  inclusionsBecome,
)
const updateRole = definition(
  'users_role_update',
  `UPDATE users.roles SET description = $4, scopes = $5::text[], second_factor_grace_days = $6::int, version = version + 1,
     (session_max, session_excess) = ROW(${limitColumns})
   FROM book, safe WHERE name = $3 AND $8::timestamptz IS NOT NULL`,
  inclusionsBecome,
)
// What includes it stays until it is forgotten: whoever held it by way of another role has to be told too.
const removeRole = definition(
  'users_role_remove',
  `UPDATE users.roles SET deleted_at = $8, version = version + 1
   FROM book, safe WHERE name = $3 AND ($4::text, $5::text[], $6::int, $11::jsonb) IS DISTINCT FROM (NULL, NULL, NULL, NULL)`,
  `unchanged AS (SELECT WHERE $7::text[] IS NULL)`,
)
const forgetRemoved = {
  name: 'users_role_forget',
  text: `WITH gone AS (DELETE FROM users.roles WHERE name = $1 AND deleted_at IS NOT NULL RETURNING name)
         DELETE FROM users.role_grants g USING gone WHERE g.role = gone.name`,
}

interface WrittenRow {
  readonly written: Written
}

export function prismaRoleStore(database: Database): RoleStore {
  const write = async (statement: Statement, values: unknown[]): Promise<Written> =>
    (await database.queryAlone<WrittenRow>(rolesLock, statement, values))[0]?.written ?? 'stale'
  const change = (statement: Statement) => (asked: GrantChange) => {
    const { stamp, administering, holder, role, at, consequences } = asked
    const values = [stamp, administering, holder.id, holder.grantsEpoch, role, at, consequencesJson(consequences)]
    return write(statement, values)
  }
  const define = (statement: Statement) => (asked: DefinitionChange) => {
    const { stamp, administering, role, at, reached, consequences } = asked
    const { name, description, scopes, secondFactorWithinDays, includes, sessionLimit } = role
    const row = [name, description, scopes, secondFactorWithinDays, includes]
    const limit = sessionLimit && JSON.stringify(sessionLimit)
    return write(statement, [stamp, administering, ...row, at, reached, consequencesJson(consequences), limit])
  }
  return {
    async roles() {
      const rows = await database.query<StoredRole & { stamp: string }>(readRoles, [])
      return { stamp: rows[0]?.stamp ?? '', roles: rows.map(({ stamp: _, ...role }) => role) }
    },
    async holder(accountId) {
      return (await database.query<RoleHolder>(readHolder, [accountId]))[0] ?? null
    },
    grant: change(grantRole),
    revoke: change(revokeRole),
    create: define(createRole),
    update: define(updateRole),
    remove: define(removeRole),
    async forgetRemoved(role) {
      await database.queryAlone(rolesLock, forgetRemoved, [role])
    },
  }
}
