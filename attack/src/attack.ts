/** START HERE. Every probe against one deployment, one after the other. */

import type { Probe } from './probe.ts'
import { cookies } from './probes/cookies.ts'
import { documents } from './probes/documents.ts'
import { doors } from './probes/doors.ts'
import { guessing } from './probes/guessing.ts'
import { hiddenFields } from './probes/hidden-fields.ts'
import { leaks } from './probes/leaks.ts'
import { objects } from './probes/objects.ts'
import { spoofing } from './probes/spoofing.ts'
import { tokens as forgedTokens } from './probes/tokens.ts'
import { createTarget, type Target, type TargetOptions } from './target.ts'

export interface Report {
  readonly name: string
  readonly outcome: 'held' | 'broken' | 'left out'
  /** What was broken, or why it was left out. */
  readonly detail: string | null
}

const probes: readonly Probe[] = [
  ...documents,
  ...hiddenFields,
  ...leaks,
  ...spoofing,
  ...cookies,
  ...forgedTokens,
  ...objects,
  ...guessing,
  ...doors,
]

/** `origin` is where the gateway is, such as `https://identity.staging.example.com`. Rejects when nobody answers there. */
export async function* attack(origin: string, options: TargetOptions): AsyncGenerator<Report> {
  const target = await createTarget(origin, options)
  for (const probe of probes) yield await tried(probe, target)
}

async function tried({ name, attempt }: Probe, target: Target): Promise<Report> {
  try {
    const found = await attempt(target)
    if (found === null) return { name, outcome: 'held', detail: null }
    return 'leftOut' in found
      ? { name, outcome: 'left out', detail: found.leftOut }
      : { name, outcome: 'broken', detail: found.broken }
  } catch (thrown) {
    return { name, outcome: 'broken', detail: `no answer: ${thrown instanceof Error ? thrown.message : thrown}` }
  }
}
