/** Programs that keep asking, at every gateway, while something is done to their keys. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { apiKey, ask, codesOf } from './client.ts'

interface Asked {
  readonly sentMs: number
  readonly outcome: unknown
}

interface Outcomes {
  readonly servedBefore: number
  readonly servedAfter: number
  readonly askedAfter: number
  /** The code of each refusal after that moment. */
  readonly refusedAfter: readonly unknown[]
}

export interface AllTheWhile {
  /** Resolves when so many more questions were sent. */
  goOn(count: number): Promise<void>
  /** Stops asking; what became of the questions sent before that moment, and of those sent after it. */
  stop(momentMs: number): Promise<Outcomes>
}

/** So that what is done meanwhile comes to its turn. */
const restMs = 5

export function askAllTheWhile(gateways: readonly string[], secrets: readonly string[], query: string): AllTheWhile {
  let isOver = false
  const asked: Asked[] = []
  const keepAsking = async (gateway: string, secret: string) => {
    while (!isOver) {
      const sentMs = performance.now()
      asked.push({ sentMs, outcome: codesOf(await ask(gateway, apiKey(secret), query))[0] ?? 'served' })
      await pause(restMs)
    }
  }
  const loops = gateways.flatMap((gateway) => secrets.map((secret) => keepAsking(gateway, secret)))
  return {
    async goOn(count) {
      const fromMs = performance.now()
      const since = () => asked.filter(({ sentMs }) => sentMs >= fromMs).length
      await expect.poll(since).toBeGreaterThanOrEqual(count)
    },
    async stop(momentMs) {
      isOver = true
      await Promise.all(loops)
      const after = asked.filter(({ sentMs }) => sentMs >= momentMs)
      const served = (some: readonly Asked[]) => some.filter(({ outcome }) => outcome === 'served').length
      return {
        servedBefore: served(asked) - served(after),
        servedAfter: served(after),
        askedAfter: after.length,
        refusedAfter: after.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'served'),
      }
    },
  }
}
