/** One thing that an attacker tries. */
import type { Answer, Target } from './target.ts'

/** `null`: it held. */
export type Finding = { readonly broken: string } | { readonly leftOut: string } | null

export interface Probe {
  readonly name: string
  attempt(target: Target): Promise<Finding>
}

export const probe = (name: string, attempt: Probe['attempt']): Probe => ({ name, attempt })

/** Held when the answer carries no data and one of the codes. */
export function refusedWith(answer: Answer, ...codes: readonly string[]): Finding {
  const got = answer.codes
  const shown = `${answer.status} ${got.join(', ') || 'no code'}`
  if (Object.values(answer.data ?? {}).some((value) => value !== null))
    return { broken: `answered with data (${shown})` }
  return got.some((code) => codes.includes(code)) ? null : { broken: `expected ${codes.join(' or ')}, got ${shown}` }
}

/** The first that did not hold. */
export async function each<Value>(
  values: readonly Value[],
  attempt: (value: Value) => Promise<Finding>,
  describe: (value: Value) => string,
): Promise<Finding> {
  for (const value of values) {
    const finding = await attempt(value)
    if (finding !== null && 'broken' in finding) return { broken: `${describe(value)}: ${finding.broken}` }
    if (finding !== null) return finding
  }
  return null
}
