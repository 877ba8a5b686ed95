/** What is asked of a caller, judged: the one place where the gateway says yes or no to a requirement. */
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { type AccessRequirement, judgeAccess } from '@latchkey/subgraph/access-requirements'
import { judgeAssurance } from '@latchkey/subgraph/assurance'
import type { PolicyVerdicts } from './policies.ts'

export interface Asking {
  readonly principal: Principal
  /** Whether they came with a key: then a refusal says its reason in one word. */
  readonly credential: 'key' | 'other'
  readonly policies: PolicyVerdicts
  readonly clock: Clock
}

/** Which scopes or policies are missing is in the log alone. */
export function judgeRequirement(requirement: AccessRequirement, asking: Asking): true | Problem {
  const { principal, policies, clock } = asking
  const verdict = judgeAccess(requirement, principal)
  if (verdict === 'unauthenticated') return new Problem('UNAUTHENTICATED')
  if (verdict === 'forbidden') return forbidden(`needs ${JSON.stringify(requirement.scopes)}`, 'SCOPE_DENIED', asking)
  const denying = requirement.policies.find(isDeniedBy(policies))
  if (denying) return forbidden(`policy says no: ${JSON.stringify(denying)}`, 'POLICY_DENIED', asking)
  return requirement.assurance === null || judgeAssurance(requirement.assurance, principal, clock)
}

/** All that policies deny of it: for whoever asks why. */
export const deniedBy = (policies: PolicyVerdicts, requirement: AccessRequirement): AccessRequirement['policies'] =>
  requirement.policies.filter(isDeniedBy(policies))

const isDeniedBy = (policies: PolicyVerdicts) => (sets: AccessRequirement['policies'][number]) =>
  !sets.some((set) => set.every((name) => policies.allows(name)))

const forbidden = (detail: string, reason: string, { credential }: Asking): Problem =>
  new Problem('FORBIDDEN', detail, credential === 'key' ? { reason } : {})
