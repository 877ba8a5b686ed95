/** How an address passes to an account in Postgres, also from one that took it without ever confirming it. */
import { endSessions } from '../grants/end-sessions.prisma.ts'
import { type AskedIdentifier, accountByIdentifier } from '../identifiers/store.prisma.ts'

type AskedAddress = AskedIdentifier & { readonly kind: 'email' }

/**
 * The CTE `evicted`: the account, another than `consumed.subject_id`, that holds the address without having confirmed it
 * ends and is erased. Whoever confirmed the address owns it; a stranger who was there first keeps nothing of it.
 */
export const evictUnconfirmed = (address: AskedAddress, now: `$${number}`): string =>
  `evicted AS (
     UPDATE users.accounts a SET status = 'deleted', deleted_at = ${now}, erase_at = ${now},
       ${endSessions()}
     FROM consumed WHERE a.id = (${accountByIdentifier(address)})
       AND a.email_verified_at IS NULL AND a.id <> consumed.subject_id
     RETURNING a.id)`

/** The CTEs `passed` and `taken`: the address becomes that of the account in `of`. Fails (23505) while anyone else holds it. */
export const takeAddress = ({ kind, keyIds, macs }: AskedAddress, of: string): string =>
  `passed AS (
     UPDATE users.identifiers i SET account_id = ${of}.account_id FROM ${of}, evicted
     WHERE i.account_id = evicted.id AND i.kind = '${kind}' RETURNING i.key_id, i.mac),
   taken AS (
     INSERT INTO users.identifiers (kind, key_id, mac, account_id)
     SELECT '${kind}', given.key_id, given.mac, ${of}.account_id
     FROM ${of}, unnest(${keyIds}::text[], ${macs}::text[]) AS given (key_id, mac)
     WHERE (given.key_id, given.mac) NOT IN (SELECT key_id, mac FROM passed))`

/** Nobody who confirmed the address holds it. */
export const isNotConfirmedByAnyone = (address: AskedAddress): string =>
  `NOT EXISTS (SELECT FROM users.accounts holder
     WHERE holder.id = (${accountByIdentifier(address)}) AND holder.email_verified_at IS NOT NULL)`
