/** Who is asking? */
import { actingUserId, anonymous, type Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import type { RequestHeaders } from '../pipeline.ts'

/** `null`, at once or later: not my kind of credential. One of my kind that is bad rejects with CREDENTIAL_REJECTED. */
export type Recogniser = (headers: RequestHeaders, client?: Client) => Promise<Principal | null> | null

/**
 * Tries each recogniser. A bad credential refuses the request, whatever else it carries; so do credentials of different
 * people. Of several credentials of one person the first recogniser's counts.
 */
export function createAuthenticate(recognisers: readonly Recogniser[]) {
  return async (headers: RequestHeaders, client?: Client): Promise<Principal> => {
    let caller: Principal | null = null
    for (const recognise of recognisers) {
      const recognised = recognise(headers, client)
      const principal = recognised && (await recognised)
      if (!principal) continue
      if (caller && actingUserId(caller) !== actingUserId(principal))
        throw new Problem('CREDENTIAL_REJECTED', 'two credentials of different people')
      caller ??= principal
    }
    return caller ?? anonymous
  }
}
