/** What is asked while an answer is on its way travels together in the next question. */
import { untilLull } from '@latchkey/clock/lull'
import { Problem } from '@latchkey/problem'
import { traced } from '@latchkey/telemetry/traces'

/** Add a question, keep its place, await the answers: they come in the order of the questions. */
export interface Turn<Question, Answer> {
  readonly questions: Question[]
  readonly answers: Promise<readonly Answer[]>
}

/** Those who waited behind a store that does not answer have waited long enough. */
function throwUnavailable(error: unknown): void {
  if (error instanceof Problem && error.code === 'UNAVAILABLE') throw error
}

/**
 * Gives the turn to ask in; a question goes in before anything is awaited. `ask` is called once for a turn, after its last
 * question, so no answer is older than its question. One turn is on its way at a time, and the next one gathers what comes
 * meanwhile. It leaves when a turn of the event loop brings no further question: a round trip that many share costs each of
 * them little, and under load that is worth more than leaving a moment earlier. When `ask` rejects so do the answers of that turn, and with UNAVAILABLE
 * those of the turn behind it.
 * @param questionsMax where there are as many already, the next one goes in a turn of its own
 */
export function createTurns<Question, Answer>(
  ask: (questions: Question[]) => Promise<readonly Answer[]>,
  questionsMax: number,
): () => Turn<Question, Answer> {
  let current: Turn<Question, Answer> | null = null
  let last: Promise<unknown> | null = null

  async function send(questions: Question[], before: Promise<unknown> | null): Promise<readonly Answer[]> {
    try {
      await before?.catch(throwUnavailable)
      await untilLull(() => questions.length)
    } finally {
      if (current?.questions === questions) current = null
    }
    return ask(questions)
  }

  function begin(): Turn<Question, Answer> {
    const questions: Question[] = []
    const answers = send(questions, last).finally(() => {
      if (last === answers) last = null
    })
    last = answers
    return { questions, answers }
  }

  return () => {
    if (!current || current.questions.length >= questionsMax) current = begin()
    const { answers } = current
    // Of a turn that many share the command itself is in the trace of whoever came first; this is in everybody's.
    traced(shared, () => answers)
    return current
  }
}

const shared = { name: 'turn at redis', kind: 'client' } as const
