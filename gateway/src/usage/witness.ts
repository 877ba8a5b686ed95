/** Sees how each request with a key ended, and says so in the words of usage: which key, what was asked, and what came of it. */
import type { Clock } from '@latchkey/clock'
import type { KeyUse, UsedOperation, UseOutcome } from '@latchkey/principal/key-usage'
import { Problem, type ProblemCode } from '@latchkey/problem'
import { GraphQLError } from 'graphql'
import { keyRefusedBy } from '../authenticate/refused-key.ts'
import type { Ending, GraphQLRequest, Witness } from '../pipeline.ts'

interface WitnessDependencies {
  readonly record: (use: KeyUse) => void
  /** What is known of the operation a request asks for; nothing, when it was never prepared. */
  readonly find: (query: string, operationName: string | undefined) => UsedOperation | undefined
  readonly clock: Clock
}

export function createWitness({ record, find, clock }: WitnessDependencies): Witness {
  return ({ query, operationName }: GraphQLRequest, ending: Ending, tookMs: number) => {
    const key = ending.caller ? ending.caller.key : keyRefusedBy(ending.thrown)
    if (!key) return
    record({
      keyId: key.keyId,
      atMs: clock.now().getTime(),
      operation: find(query, operationName) ?? null,
      outcome: outcomeOf(ending),
      subgraphs: ending.asked,
      tookMs,
    })
  }
}

/** Refusals of the caller, and the reason of one that says none. */
const refusals: Partial<Record<ProblemCode, string>> = {
  CREDENTIAL_REJECTED: 'NOT_FOUND',
  UNAUTHENTICATED: 'SCOPE_DENIED',
  FORBIDDEN: 'SCOPE_DENIED',
  STEP_UP_REQUIRED: 'SCOPE_DENIED',
  RATE_LIMITED: 'RATE_LIMITED',
}

export function outcomeOf({ result, thrown }: Pick<Ending, 'result' | 'thrown'>): UseOutcome {
  if (result) return result.errors?.[0] ? `ERROR:${codeOf(result.errors[0])}` : 'OK'
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown
  const reason = first instanceof Problem ? refusals[first.code] : undefined
  if (first instanceof Problem && reason !== undefined) return `DENIED:${first.facts.reason ?? reason}`
  return `ERROR:${codeOf(first)}`
}

/** Another team's subgraph may put anything there, and there must not be many different ones. */
const usualCode = /^[A-Z][A-Z0-9_]{0,39}$/

function codeOf(error: unknown): string {
  if (error instanceof Problem) return error.code
  const code = error instanceof GraphQLError ? error.extensions.code : undefined
  if (code === undefined) return 'INTERNAL'
  return typeof code === 'string' && usualCode.test(code) ? code : 'OTHER'
}
