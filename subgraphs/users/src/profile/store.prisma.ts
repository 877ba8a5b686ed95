/** Profiles in Postgres. */
import { type Database, taken } from '@latchkey/prisma'
import { consequencesJson, writeConsequences } from '../consequences/store.prisma.ts'
import { macColumns } from '../identifiers/keyed-mac.ts'
import { insertIdentifiers } from '../identifiers/store.prisma.ts'
import { rowJson } from '../sql.ts'
import type { ProfileStore, StoredProfile } from './store.ts'

const readProfiles = {
  name: 'users_profiles_by_id',
  text: `SELECT a.id, a.status, a.version, a.display_name AS "displayName", a.username, a.profile,
                a.public_metadata AS "publicMetadata", a.private_metadata AS "privateMetadata",
                a.admin_metadata AS "adminMetadata", k.sealed_key AS "sealedKey"
         FROM users.accounts a JOIN users.data_keys k ON k.account_id = a.id
         WHERE a.id = ANY($1::text[])`,
}

const changeProfile = {
  name: 'users_profile_change',
  text: `WITH changed AS (
           UPDATE users.accounts a SET version = a.version + 1, display_name = given."displayName", username = given.username,
             profile = given.profile, public_metadata = given."publicMetadata",
             private_metadata = given."privateMetadata", admin_metadata = given."adminMetadata"
           FROM jsonb_to_record($3::jsonb) AS given ("displayName" text, username text, profile text,
             "publicMetadata" text, "privateMetadata" text, "adminMetadata" text)
           WHERE a.id = $1 AND a.version = $2 AND a.status <> 'deleted'
           RETURNING a.id AS account_id),
         given_up AS (
           DELETE FROM users.identifiers i USING changed
           WHERE $4::text = 'renamed' AND i.account_id = changed.account_id AND i.kind = 'username'
             AND (i.key_id, i.mac) NOT IN (SELECT * FROM unnest($5::text[], $6::text[]))
           RETURNING i.key_id),
         kept AS (
           SELECT i.key_id, i.mac FROM users.identifiers i JOIN changed ON i.account_id = changed.account_id
           WHERE i.kind = 'username'),
         named AS (
           ${insertIdentifiers({ kind: 'username', keyIds: '$5', macs: '$6' }, 'changed')}
           WHERE (given.key_id, given.mac) NOT IN (SELECT key_id, mac FROM kept)),
         ${writeConsequences('$7', 'changed')}
         SELECT account_id FROM changed`,
}

export function prismaProfileStore(database: Database): ProfileStore {
  const read = database.batchedRead(readProfiles, ({ id }: StoredProfile) => id)
  return {
    byId: async (id) => (await read(id))[0] ?? null,
    async change({ accountId, version, columns, usernameIndexes, consequences }) {
      const isRenamed = usernameIndexes !== 'unchanged'
      const named = [isRenamed ? 'renamed' : 'unchanged', ...macColumns(isRenamed ? usernameIndexes : [])]
      const parameters = [accountId, version, rowJson({ ...columns }), ...named, consequencesJson(consequences)]
      const written = await database.query(changeProfile, parameters).catch(taken)
      if (written === 'taken') return 'taken'
      return written.length === 1 ? 'changed' : 'stale'
    },
  }
}
