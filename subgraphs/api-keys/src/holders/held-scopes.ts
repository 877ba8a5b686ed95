/** Who holds what: the scopes of all keys that work, for an operator who weighs a change of the graph. */
import type { Scope } from '@latchkey/principal'
import type { Database } from '@latchkey/prisma'

/** Keys that hold the same scopes. */
export interface HeldScopes {
  readonly scopes: readonly Scope[]
  readonly keys: number
  /** The ids of some of them, at most twenty. */
  readonly examples: readonly string[]
}

const held = {
  name: 'api_keys_held_scopes',
  text: `SELECT scopes, count(*)::int AS keys, (array_agg(id ORDER BY id))[1:20] AS examples FROM api_keys.api_keys
    WHERE revoked_at IS NULL AND expires_at > $1 GROUP BY scopes ORDER BY keys DESC, scopes`,
}

/** Disabled ones among them: they can be enabled again. */
export const readHeldScopes = (database: Database, now: Date): Promise<readonly HeldScopes[]> =>
  database.queryAlone<HeldScopes>('api-keys held scopes', held, [now])
