/** Policies: what an operator says in TypeScript about who may ask, under the names that schemas use (`@policy`). */
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { freezeDeep } from '@latchkey/principal/freeze'
import type { AccessMap, AccessRule } from '@latchkey/subgraph/access-map'
import type { Logger } from '@latchkey/telemetry'

/** What a policy is told, frozen. Never what was given to arguments: what an operation needs does not depend on its variables. */
export interface PolicyQuestion {
  readonly principal: Principal
  readonly operation: {
    readonly kind: 'query' | 'mutation' | 'subscription'
    /** As the client wrote it: anybody may call their operation anything. */
    readonly name: string | undefined
  }
  readonly client: { readonly address: string }
  /** In milliseconds since 1970, so that a policy needs no clock. */
  readonly nowMs: number
}

/**
 * Says whether the caller may. `true` lets through, and nothing else does: not a promise, not what is truthy. It must be pure, for it is
 * asked at most once for an operation, and again when it was interrupted; and quick, for nothing can interrupt it.
 */
export type Policy = (question: PolicyQuestion) => boolean

/** By the name that `@policy` uses. */
export type Policies = Readonly<Record<string, Policy>>

/** What the policies say of one request. */
export interface PolicyVerdicts {
  /** The policy is asked once, however often this is. */
  allows(name: string): boolean
}

/** The question is put together when a policy is asked: most operations ask none. */
export type PolicyJudge = (describe: () => Omit<PolicyQuestion, 'nowMs'>) => PolicyVerdicts

/** All policies of one operation together. */
const budgetMs = 5

interface PolicyDependencies {
  readonly policies: Policies
  readonly clock: Clock
  readonly logger: Logger
  readonly elapsedMs?: () => number
}

/** Whoever throws, is late, is unknown or answers anything but `true` has said no. */
export function createPolicyJudge(dependencies: PolicyDependencies): PolicyJudge {
  const { policies, clock, logger, elapsedMs = () => performance.now() } = dependencies
  return (describe) => {
    const verdicts = new Map<string, boolean>()
    let question: PolicyQuestion | undefined
    let leftMs = budgetMs
    const ask = (policy: Policy): { readonly verdict: unknown; readonly tookMs: number } => {
      question ??= freezeDeep<PolicyQuestion>({ ...describe(), nowMs: clock.now().getTime() })
      const startedMs = elapsedMs()
      const verdict: unknown = policy(question)
      return { verdict, tookMs: elapsedMs() - startedMs }
    }
    const decide = (name: string): boolean => {
      const policy = Object.hasOwn(policies, name) ? policies[name] : undefined
      if (!policy || leftMs <= 0) return false
      try {
        const first = ask(policy)
        // The process may have paused meanwhile. A policy is pure, so it can be asked again; pauses do not come twice.
        const { verdict, tookMs } = first.tookMs > leftMs ? ask(policy) : first
        leftMs -= tookMs
        if (leftMs >= 0) return verdict === true
        logger.warn({ policy: name, tookMs }, 'a policy was late, and so it said no')
      } catch (err) {
        logger.warn({ policy: name, err }, 'a policy failed, and so it said no')
      }
      return false
    }
    return {
      allows(name) {
        const known = verdicts.get(name)
        if (known !== undefined) return known
        const verdict = decide(name)
        verdicts.set(name, verdict)
        return verdict
      },
    }
  }
}

/** Where nobody registers policies, all of them say no. */
export const noPolicies: PolicyJudge = () => nobodyAllows
const nobodyAllows: PolicyVerdicts = { allows: () => false }

/** The policies that a supergraph names and nobody registered, each with the coordinates that it shuts. */
function unknownPolicies({ types }: AccessMap, policies: Policies): ReadonlyMap<string, readonly string[]> {
  const unknown = new Map<string, readonly string[]>()
  const look = (coordinate: string, rules: readonly AccessRule[]) => {
    for (const name of new Set(rules.flatMap(({ policySets }) => policySets?.flat() ?? [])))
      if (!Object.hasOwn(policies, name)) unknown.set(name, [...(unknown.get(name) ?? []), coordinate])
  }
  for (const [type, { rules, fields }] of types) {
    look(type, rules)
    for (const [field, access] of fields) look(`${type}.${field}`, access.rules)
  }
  return unknown
}

/** Another team composes when it likes, so a policy that is missing shuts its fields and stops nothing else. */
export function warnOfUnknownPolicies(map: AccessMap, policies: Policies, logger: Logger): void {
  for (const [policy, coordinates] of unknownPolicies(map, policies))
    logger.warn({ policy, coordinates }, 'the supergraph names a policy that nobody registered: nobody may ask these')
}
