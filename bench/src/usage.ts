/** What it costs to record and count uses of keys: the same keyed request with and without, in turns in one run. */
import { type Comparison, compare, type Target } from './measure.ts'
import { type System, startSystem } from './system.ts'

const name = 'usage of keys, recorded against not'
const goal = 0.95
const query = '{ me { id email } }'

const targetOf = (system: System, what: string): Target => ({
  name: what,
  url: system.url,
  pids: system.pids,
  requests: system.callers.map(({ apiKey }) => ({
    headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
    body: JSON.stringify({ query }),
  })),
})

/** Two systems stand side by side; the one that is not asked has nothing to do. */
export async function askUsage(words: readonly string[], tell: (comparison: Comparison) => void): Promise<void> {
  if (!words.every((word) => name.includes(word))) return
  const [without, recorded] = [await startSystem('embedded', { LATCHKEY_USAGE: 'off' }), await startSystem('embedded')]
  try {
    const pair = { floor: targetOf(without, 'not recorded'), ours: targetOf(recorded, 'recorded') }
    tell(await compare(name, { ...pair, goal, rounds: 9, seconds: 2 }))
  } finally {
    await Promise.all([without.stop(), recorded.stop()])
  }
}
