/** An administrator at work: who acts on other people's accounts, and how far their own scopes reach. */
import { actingUserId, type Principal, type Scope, scopesOf } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import { type Cause, causeOf, operator } from '../audit/audit.ts'

export interface Administrator {
  /** The account that acts; `null`: the operator at the command line. */
  readonly userId: string | null
  readonly cause: Cause
  /** Those of the scopes that the administrator does not hold. */
  lacks(scopes: readonly Scope[]): readonly Scope[]
}

interface Asking {
  readonly principal: Principal
  readonly requestId: string
  readonly client?: Client | undefined
}

/** Of a key, what the key holds counts, and not what its owner could do besides. */
export function administratorOf(asking: Asking): Administrator {
  const held = new Set(scopesOf(asking.principal))
  return {
    userId: actingUserId(asking.principal),
    cause: causeOf(asking),
    lacks: (scopes) => scopes.filter((scope) => !held.has(scope)),
  }
}

/** Whoever has the keyring and the database holds everything. */
export const theOperator: Administrator = { userId: null, cause: operator, lacks: () => [] }

/** Throws FORBIDDEN, naming the scopes, when something reaches further than the administrator does. */
export function requireReach(administrator: Administrator, scopes: readonly Scope[], what: string): void {
  const lacking = administrator.lacks(scopes)
  if (lacking.length === 0) return
  const message = `${what} permits what you do not hold yourself: ${lacking.slice(0, 10).join(', ')}.`
  throw new Problem('FORBIDDEN', `lacks ${lacking.join(' ')}`, { message })
}
