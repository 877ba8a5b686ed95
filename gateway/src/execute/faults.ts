/** What went wrong while subgraphs were asked, kept until the answer is projected and each fault has its place in it. */
import { Problem } from '@latchkey/problem'
import type { Intake } from './intake.ts'
import { isTree, ownValue, type Path, type Tree } from './tree.ts'

export interface Fault {
  readonly message: string
  readonly extensions: Record<string, unknown> | undefined
  /** What was thrown, for the log. */
  readonly cause: Error | undefined
  /** It has its place already, beside the field that has no value because of it. */
  readonly isTold?: true
}

export interface Faults {
  /** Errors of subgraphs, at their place in the tree. */
  readonly located: { readonly path: Path; readonly fault: Fault }[]
  /** Errors that name no place and left no field without a value. */
  readonly general: Fault[]
  /** Fields that have no value because the fetch for them failed. */
  readonly missing: Map<Tree, Map<string, Fault>>
  /** What whole fetches failed to bring. */
  readonly losses: { readonly intake: Intake; readonly targets: readonly Tree[]; readonly fault: Fault }[]
}

export const noFaults = (): Faults => ({ located: [], general: [], missing: new Map(), losses: [] })

/** A transport's rejection. A Problem was written for the caller; anything else is ours and is not shown. */
export function faultOfRejection(thrown: unknown): Fault {
  const cause = thrown instanceof Error ? thrown : new Error(String(thrown))
  const problem = thrown instanceof Problem ? thrown : new Problem('INTERNAL')
  return { message: problem.message, extensions: shown(problem.extensions), cause }
}

export function malformed(subgraph: string): Fault {
  return faultOfRejection(new Problem('UNAVAILABLE', `${subgraph} answered in a shape that was not asked for`))
}

/** One entry of a subgraph's `errors`. */
export function faultOfError(error: unknown): Fault {
  const { message, extensions } = isTree(error) ? error : ({} as Tree)
  return {
    message: typeof message === 'string' ? message : 'A subgraph reported an error.',
    extensions: shown(isTree(extensions) ? extensions : {}),
    cause: undefined,
  }
}

/** Of a subgraph's extensions only these reach a client: no stack, no names of its insides. */
function shown(extensions: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const kept: Record<string, unknown> = {}
  if (typeof extensions.code === 'string') kept.code = extensions.code
  if (typeof extensions.retryAfterMs === 'number') kept.retryAfterMs = extensions.retryAfterMs
  if (isTree(extensions.fields)) kept.fields = extensions.fields
  return Object.keys(kept).length > 0 ? kept : undefined
}

/** Remembers that what a fetch should have put at these places is missing because of `fault`; the first fault stands. */
export function lose(faults: Faults, intake: Intake, targets: readonly Tree[], fault: Fault): void {
  const last = faults.losses.at(-1)
  if (last?.intake === intake && last.targets === targets) return
  faults.losses.push({ intake, targets, fault })
  markMissing(faults, intake, targets, fault)
}

/** Once nothing is asked any more: of an object that another fetch brought later, what the lost one should have added is missing. */
export function completeLosses(faults: Faults): void {
  for (const { intake, targets, fault } of faults.losses) markMissing(faults, intake, targets, fault)
}

function markMissing(faults: Faults, intake: Intake, target: unknown, fault: Fault): void {
  if (Array.isArray(target)) for (const item of target) markMissing(faults, intake, item, fault)
  if (!isTree(target)) return
  for (const slot of intake.slots) {
    if (slot.source === '__typename') continue
    const value = ownValue(target, slot.target)
    if (value !== undefined) {
      if (slot.child) markMissing(faults, slot.child, value, fault)
      continue
    }
    const known = faults.missing.get(target) ?? new Map<string, Fault>()
    if (!known.has(slot.target)) faults.missing.set(target, known.set(slot.target, fault))
  }
}

/** The path in the tree that a path in a subgraph's answer stands for, as far as both go together. */
export function translate(intake: Intake, path: readonly unknown[]): Path {
  const translated: (string | number)[] = []
  let at: Intake | undefined = intake
  for (const segment of path) {
    if (typeof segment === 'number' && translated.length > 0) translated.push(segment)
    else {
      const slot: Intake['slots'][number] | undefined = at?.slots.find(({ source }) => source === segment)
      if (!slot) break
      translated.push(slot.target)
      at = slot.child
    }
  }
  return translated
}
