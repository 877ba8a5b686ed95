/** The schedule of signing keys: when the next one is published, when it takes over, when the old one proves nothing any more. */
import { dayMs, minuteMs } from '@latchkey/clock'
import type { KeyState } from './signing-key.ts'

/** How long a key stays at each station. */
export const signingTerms = {
  /** Verifiers keep what is published for ten minutes: a key is published for longer than that before it signs. */
  publishedBeforeUseMs: 30 * minuteMs,
  activeForMs: 30 * dayMs,
  /** Longer than the life of a token it signed last, and than another process takes to notice that it should not sign. */
  provesForMs: 15 * minuteMs,
} as const

/** Where a key stands, and since when. */
export interface KeyStation {
  readonly kid: string
  readonly state: Exclude<KeyState, 'retired'>
  readonly since: Date
}

/** What is to be done now. Each is one statement that several processes may try at once: one of them does it. */
export type Step =
  | { readonly kind: 'publish' }
  | { readonly kind: 'promote'; readonly kid: string }
  | { readonly kind: 'retire'; readonly kid: string }

const hasStoodFor = (since: Date, durationMs: number, at: Date) => at.getTime() - since.getTime() >= durationMs

/** The steps that are due at `at`. A published key always takes over when its time has come: that is what it was made for. */
export function dueSteps(stations: readonly KeyStation[], at: Date): readonly Step[] {
  const { publishedBeforeUseMs, activeForMs, provesForMs } = signingTerms
  const next = stations.find(({ state }) => state === 'next')
  const active = stations.find(({ state }) => state === 'active')
  const outlived = stations.filter(({ state, since }) => state === 'retiring' && hasStoodFor(since, provesForMs, at))
  const retiring = outlived.map(({ kid }): Step => ({ kind: 'retire', kid }))
  if (next)
    return hasStoodFor(next.since, publishedBeforeUseMs, at)
      ? [{ kind: 'promote', kid: next.kid }, ...retiring]
      : retiring
  const isAgeing = active && hasStoodFor(active.since, activeForMs - publishedBeforeUseMs, at)
  return isAgeing ? [{ kind: 'publish' }, ...retiring] : retiring
}
