/** Who is asking? */
import { actingUserId, anonymous } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import type { Caller, RequestHeaders } from '../pipeline.ts'

/**
 * When a credential came: `now`, with the request, or `before`: it was accepted then, and what came with it goes on. The end of an
 * access token is no end of what began before it; whatever else ends a credential is, and is told by its `reason`.
 */
export type Presented = 'now' | 'before'

/** `null`, at once or later: not my kind of credential. One of my kind that is bad rejects with CREDENTIAL_REJECTED. */
export type Recogniser = (
  headers: RequestHeaders,
  client?: Client,
  presented?: Presented,
) => Promise<Caller | null> | null

const nobody: Caller = Object.freeze({ principal: anonymous })

/**
 * Tries each recogniser. A bad credential refuses the request, whatever else it carries; so do credentials of different
 * people. Of several credentials of one person the first recogniser's counts.
 */
export function createAuthenticate(recognisers: readonly Recogniser[]) {
  return async (headers: RequestHeaders, client?: Client, presented?: Presented): Promise<Caller> => {
    let caller: Caller | null = null
    for (const recognise of recognisers) {
      const recognised = recognise(headers, client, presented)
      const found = recognised && (await recognised)
      if (!found) continue
      if (caller && actingUserId(caller.principal) !== actingUserId(found.principal))
        throw new Problem('CREDENTIAL_REJECTED', 'two credentials of different people')
      caller ??= found
    }
    return caller ?? nobody
  }
}
