/** What is asked in one turn of the event loop travels together, after everybody in it has spoken. */

/** Add a question, keep its place, await the answers: they come in the order of the questions. */
export interface Turn<Question, Answer> {
  readonly questions: Question[]
  readonly answers: Promise<readonly Answer[]>
}

/**
 * Gives the turn to ask in; a question goes in before anything is awaited. `ask` is called once for a turn, after its last
 * question, so no answer is older than its question; when it rejects, so do the answers of that turn and of no other.
 * @param questionsMax where there are as many already, the next one goes in a turn of its own
 */
export function createTurns<Question, Answer>(
  ask: (questions: Question[]) => Promise<readonly Answer[]>,
  questionsMax: number,
): () => Turn<Question, Answer> {
  let current: Turn<Question, Answer> | null = null

  function begin(): Turn<Question, Answer> {
    const questions: Question[] = []
    // The check phase comes after every request of this turn has asked.
    const answers = new Promise((resolve) => setImmediate(resolve)).then(() => {
      if (current?.questions === questions) current = null
      return ask(questions)
    })
    return { questions, answers }
  }

  return () => {
    if (!current || current.questions.length >= questionsMax) current = begin()
    return current
  }
}
