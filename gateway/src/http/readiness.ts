/** Whether the subgraphs that a gateway asks are ready. */
import { secondMs } from '@latchkey/clock'
import type { Part } from '@latchkey/subgraph/health'
import type { Doors } from './forward.ts'

const answerWithinMs = 0.9 * secondMs

/** Each replica is asked for `/health/ready`: it is ready when all of them are, and degraded while any is. */
export const saysReady =
  (doors: Doors): Part =>
  async () => {
    const answers = await Promise.all(doors().map(isReady))
    if (!answers.includes(true)) return 'away'
    return answers.includes(false) ? 'degraded' : 'ready'
  }

async function isReady(door: ReturnType<Doors>[number]): Promise<boolean> {
  const shown = await door.get('/health/ready', { withinMs: answerWithinMs }).catch(() => null)
  return shown?.status === 200
}
