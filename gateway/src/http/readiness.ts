/** Whether the parts that a gateway needs are ready. */
import { type Clock, secondMs } from '@latchkey/clock'

export type Ready = () => Promise<boolean>

const rememberedMs = secondMs
const answerWithinMs = secondMs

/**
 * All parts are ready. The answer is remembered for a second, and while it is awaited nobody asks again: however often the
 * gateway is probed, each part is asked once a second at most.
 */
export function createReadiness(parts: readonly Ready[], clock: Clock): Ready {
  let known: { readonly askedAt: number; readonly answer: Promise<boolean> } | undefined
  return () => {
    const now = clock.now().getTime()
    if (known && now - known.askedAt < rememberedMs) return known.answer
    known = { askedAt: now, answer: allOf(parts) }
    return known.answer
  }
}

async function allOf(parts: readonly Ready[]): Promise<boolean> {
  const answers = await Promise.all(parts.map((ready) => ready().catch(() => false)))
  return answers.every(Boolean)
}

/** Any of a subgraph's replicas answers `/health/ready` with 200 within a second. */
export const saysReady =
  (replicas: readonly string[]): Ready =>
  async () => {
    const answers = replicas.map(async (replica) => {
      const signal = AbortSignal.timeout(answerWithinMs)
      const response = await fetch(new URL('/health/ready', replica), { redirect: 'manual', signal })
      await response.body?.cancel()
      if (response.status !== 200) throw new Error('not ready')
    })
    return Promise.any(answers).then(
      () => true,
      () => false,
    )
  }
