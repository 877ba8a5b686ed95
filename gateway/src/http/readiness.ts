/** Whether the subgraphs that a gateway asks are ready. */
import { secondMs } from '@latchkey/clock'
import type { Part } from '@latchkey/subgraph/health'

const answerWithinMs = 0.9 * secondMs

/** Each replica is asked for `/health/ready`: it is ready when all of them are, and degraded while any is. */
export const saysReady =
  (replicas: readonly string[]): Part =>
  async () => {
    const answers = await Promise.all(replicas.map(isReady))
    if (!answers.includes(true)) return 'away'
    return answers.includes(false) ? 'degraded' : 'ready'
  }

async function isReady(replica: string): Promise<boolean> {
  const signal = AbortSignal.timeout(answerWithinMs)
  const response = await fetch(new URL('/health/ready', replica), { redirect: 'manual', signal }).catch(() => null)
  await response?.body?.cancel()
  return response?.status === 200
}
