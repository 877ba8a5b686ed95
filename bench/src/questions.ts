/** What is asked, of which floor, and how much of the floor is wanted. */

import { startFanOutProxy, startJsonServer } from './floors.ts'
import { type Comparison, compare, type Target } from './measure.ts'
import { type Caller, type System, startSystem } from './system.ts'

type Tell = (comparison: Comparison) => void

interface Question {
  readonly name: string
  readonly operation: string
  readonly credential: (caller: Caller) => Record<string, string>
  readonly goal: number
}

const withSession = ({ accessToken }: Caller) => ({ authorization: `Bearer ${accessToken}` })
const withKey = ({ apiKey }: Caller) => ({ 'x-api-key': apiKey })

const oneSubgraph = '{ me { id email } }'
export const threeSubgraphs = '{ me { id email sessions { id device createdAt } apiKeys { id name scopes } } }'

export const embedded: readonly Question[] = [
  { name: 'embedded, one subgraph, session', operation: oneSubgraph, credential: withSession, goal: 0.4 },
  { name: 'embedded, three subgraphs, session', operation: threeSubgraphs, credential: withSession, goal: 0.3 },
  { name: 'embedded, three subgraphs, API key', operation: threeSubgraphs, credential: withKey, goal: 0.3 },
]

/** Each request is another caller's, so that nothing is measured that only repetition makes cheap. */
export function targetOf(system: System, { operation, credential, name }: Question): Target {
  const body = JSON.stringify({ query: operation })
  const requests = system.callers.map((caller) => ({
    headers: { 'content-type': 'application/json', ...credential(caller) },
    body,
  }))
  return { name, url: system.url, pids: system.pids, requests }
}

async function answerOf({ url, requests }: Target): Promise<unknown> {
  const [first] = requests
  const response = await fetch(url, { method: 'POST', headers: { ...first?.headers }, body: first?.body ?? '' })
  return response.json()
}

const chosen = (name: string, words: readonly string[]) => words.every((word) => name.includes(word))

/** Against a bare JSON server that gives the same answer. */
export async function askEmbedded(words: readonly string[], tell: Tell): Promise<void> {
  const questions = embedded.filter(({ name }) => chosen(name, words))
  if (questions.length === 0) return
  const system = await startSystem('embedded')
  try {
    for (const question of questions) {
      const ours = targetOf(system, question)
      const floor = await startJsonServer(await answerOf(ours), ours.requests)
      tell(await compare(question.name, { floor: floor.target, ours, goal: question.goal }))
      floor.stop()
    }
  } finally {
    await system.stop()
  }
}

const distributed: Question = {
  name: 'distributed, three subgraphs, session',
  operation: threeSubgraphs,
  credential: withSession,
  goal: 0.45,
}

/** Against a bare proxy that makes the same hops to the same subgraphs. */
export async function askDistributed(words: readonly string[], tell: Tell): Promise<void> {
  if (!chosen(distributed.name, words)) return
  const system = await startSystem('distributed')
  try {
    const ours = targetOf(system, distributed)
    const floor = await startFanOutProxy(system, ours)
    tell(await compare(distributed.name, { floor: floor.target, ours, goal: distributed.goal }))
    floor.stop()
  } finally {
    await system.stop()
  }
}
