/** How much may be asked, tried and spent, as the variables say it. */
import { type BudgetChoice, budgetTerms } from '@latchkey/principal/budget-terms'
import type { RateLimit } from '@latchkey/principal/confinement'
import { costLimit } from '@latchkey/principal/cost-budgets'
import type { Variables } from './variables.ts'

/** How large an operation may be. */
export interface OperationSize {
  readonly bodyBytesMax: number
  readonly charactersMax: number
  readonly tokensMax: number
  readonly depthMax: number
  /** Levels below `__schema` and `__type`: the query that Sandbox sends has fifteen. */
  readonly introspectionDepthMax: number
  readonly aliasesMax: number
  readonly rootFieldsMax: number
  readonly directivesMax: number
  readonly fieldsMax: number
}

/** How often one may try to sign in; `off` while measuring, never in production. */
export type AttemptLimits =
  | {
      readonly kind: 'on'
      /** Wrong tries for one identifier from one network in `windowMs`. */
      readonly attemptsMax: number
      readonly windowMs: number
      /** Wrong tries of strangers for one identifier in a day. */
      readonly strangersMax: number
      /** Wrong tries from one network in ten minutes. */
      readonly networkMax: number
      /** Wrong API keys from one network in ten minutes. */
      readonly wrongKeysMax: number
    }
  | { readonly kind: 'off' }

/** What a person, or a network of strangers, may ask for in a minute, by what it costs. */
export interface CostRate {
  readonly limit: RateLimit
  readonly freeMax: number
}

export const operationSizeOf = (given: Variables): OperationSize => ({
  bodyBytesMax: given.LATCHKEY_LIMIT_BODY_BYTES,
  charactersMax: given.LATCHKEY_LIMIT_CHARACTERS,
  tokensMax: given.LATCHKEY_LIMIT_TOKENS,
  depthMax: given.LATCHKEY_LIMIT_DEPTH,
  introspectionDepthMax: given.LATCHKEY_LIMIT_INTROSPECTION_DEPTH,
  aliasesMax: given.LATCHKEY_LIMIT_ALIASES,
  rootFieldsMax: given.LATCHKEY_LIMIT_ROOT_FIELDS,
  directivesMax: given.LATCHKEY_LIMIT_DIRECTIVES,
  fieldsMax: given.LATCHKEY_LIMIT_FIELDS,
})

export const attemptLimitsOf = (given: Variables) =>
  ({
    kind: 'on',
    attemptsMax: given.LATCHKEY_LIMIT_SIGN_IN_ATTEMPTS,
    windowMs: given.LATCHKEY_LIMIT_SIGN_IN_WINDOW_MINUTES * 60_000,
    strangersMax: given.LATCHKEY_LIMIT_SIGN_IN_STRANGERS,
    networkMax: given.LATCHKEY_LIMIT_SIGN_IN_NETWORK,
    wrongKeysMax: given.LATCHKEY_LIMIT_WRONG_KEYS,
  }) as const

export const costRateOf = (given: Variables): CostRate | null =>
  given.LATCHKEY_COST === 'enforce' && given.LATCHKEY_LIMITS === 'on'
    ? { limit: costLimit(given.LATCHKEY_COST_PER_MINUTE), freeMax: given.LATCHKEY_COST_FREE }
    : null

/** Production has refused `off` before. */
export const budgetTermsOf = (given: Variables): BudgetChoice =>
  given.LATCHKEY_LIMITS === 'off'
    ? 'unlimited'
    : budgetTerms({
        key: { perMinute: given.LATCHKEY_LIMIT_KEY_REQUESTS, burst: given.LATCHKEY_LIMIT_KEY_BURST },
        owner: { perMinute: given.LATCHKEY_LIMIT_OWNER_REQUESTS, burst: given.LATCHKEY_LIMIT_OWNER_BURST },
      })
