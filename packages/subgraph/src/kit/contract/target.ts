/** The subgraph under test: asked over HTTP, and judged by whether it let anybody in. */
import { secondMs } from '@latchkey/clock'
import { envelopeHeader } from '@latchkey/principal/envelope'

export interface Answer {
  /** 0: the connection ended without an answer. */
  readonly status: number
  readonly text: string
}

export interface Question {
  readonly envelope?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'POST'
  readonly body?: unknown
}

const answerWithinMs = 10 * secondMs
const typename = { query: '{ __typename }' }

export async function ask(url: string, question: Question): Promise<Answer> {
  const { envelope, headers = {}, method = 'POST', body = typename } = question
  try {
    const response = await fetch(method === 'GET' ? `${url}?query=%7B__typename%7D` : url, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(envelope !== undefined && { [envelopeHeader]: envelope }),
        ...headers,
      },
      ...(method === 'POST' && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    return { status: response.status, text: await response.text() }
  } catch {
    return { status: 0, text: '' }
  }
}

function dataIn(text: string): unknown {
  try {
    const answer: unknown = JSON.parse(text)
    return typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'data') : undefined
  } catch {
    return undefined
  }
}

const told = ({ status, text }: Answer): string =>
  status === 0 ? 'no answer' : `${status} ${text.replace(/\s+/g, ' ').slice(0, 120)}`.trim()

/** `null`: it let them in. Else what it did instead, in words. */
export const notAnswered = (answer: Answer): string | null =>
  answer.status === 200 && (dataIn(answer.text) ?? null) !== null ? null : `was not answered: ${told(answer)}`

/** `null`: it refused, told nothing, and did not break. A refusal is a status of the four hundreds, before anything is read. */
export function notRefused(answer: Answer): string | null {
  if (answer.status < 400 || answer.status > 499) return `was not refused: ${told(answer)}`
  return (dataIn(answer.text) ?? null) === null ? null : `was refused and answered all the same: ${told(answer)}`
}
