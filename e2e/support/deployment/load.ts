/** People and programs that keep asking, by connections that are kept as browsers and servers keep them. */
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

/** Longer than a subgraph is waited for: what is lost here was lost, and not only late. */
const waitMs = 40_000

export interface Question {
  readonly credential: Readonly<Record<string, string>>
  readonly query: string
}

/** Changes of which each follows from the answer to the one before: one that was lost or made twice breaks it. */
export interface Chain {
  readonly credential: Question['credential']
  next(): string
  heard(data: Readonly<Record<string, unknown>>): void
}

export interface Load {
  readonly asked: () => number
  /** What was no answer: a status, an error's code, or the fault of a connection; each with how often it came. */
  readonly failures: () => Readonly<Record<string, number>>
  stop(): Promise<void>
}

export interface LoadTerms {
  readonly url: string
  readonly questions: readonly Question[]
  readonly chains: readonly Chain[]
  /** So many ask at a time, besides the chains. */
  readonly atOnce: number
  /** How long each of them, and each chain, rests after an answer: who restarts processes leaves room for them to start. */
  readonly pauseMs: number
}

export function keepAsking({ url, questions, chains, atOnce, pauseMs }: LoadTerms): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce + chains.length })
  const failures: Record<string, number> = {}
  let asked = 0
  let isOver = false
  const askOnce = async (question: Question) => {
    asked += 1
    const answer = await ask({ url, agent, question })
    await pause(pauseMs)
    if (typeof answer !== 'string') return answer
    failures[answer] = (failures[answer] ?? 0) + 1
    return null
  }
  const loop = async () => {
    for (let at = 0; !isOver; at += 1) {
      const question = questions[at % questions.length]
      if (question) await askOnce(question)
    }
  }
  const follow = async ({ credential, next, heard }: Chain) => {
    while (!isOver) {
      const data = await askOnce({ credential, query: next() })
      if (data) heard(data)
    }
  }
  const all = [...Array.from({ length: atOnce }, loop), ...chains.map(follow)]
  return {
    asked: () => asked,
    failures: () => ({ ...failures }),
    async stop() {
      isOver = true
      await Promise.all(all)
      agent.destroy()
    },
  }
}

interface Asking {
  readonly url: string
  readonly agent: Agent
  readonly question: Question
}

type Data = Readonly<Record<string, unknown>>

/** What was answered, whole and without an error; else what went wrong. */
function ask({ url, agent, question: { credential, query } }: Asking): Promise<Data | string> {
  const body = JSON.stringify({ query })
  return new Promise((resolve) => {
    const headers = {
      ...{ 'content-type': 'application/json', accept: 'application/json', ...credential },
      'content-length': Buffer.byteLength(body),
    }
    const sent = request(`${url}/graphql`, { method: 'POST', agent, headers, timeout: waitMs }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(readAnswer(response.statusCode ?? 0, text)))
      response.on('error', (fault) => resolve(`broken ${fault.message}`))
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${waitMs} ms`)))
    sent.on('error', (fault) => resolve(`no answer: ${fault.message}`))
    sent.end(body)
  })
}

function readAnswer(status: number, text: string): Data | string {
  if (status !== 200) return `status ${status} ${text.slice(0, 120)}`
  const { data, errors } = JSON.parse(text) as { data?: Data; errors?: { extensions?: { code?: string } }[] }
  if (errors) return `errors ${errors[0]?.extensions?.code}`
  return data ?? 'no data'
}

/** As a health check of nginx does, and by which it learns that a gateway drains. Resolves with what the askers heard but 200. */
export function keepProbing(url: string): { stop(): Promise<readonly number[]> } {
  let isOver = false
  const heard: number[] = []
  const probing = (async () => {
    while (!isOver) {
      const status = await fetch(`${url}/health/serving`).then(
        (answer) => answer.status,
        () => 0,
      )
      if (status !== 200) heard.push(status)
      await pause(100)
    }
  })()
  return {
    async stop() {
      isOver = true
      await probing
      return heard
    },
  }
}
