/** What is asked in one turn of the event loop travels together, and is asked after everybody in it has spoken. */

/** Add a question, keep its place, await the answers: they come in the order of the questions. */
export interface Turn<Question, Answer> {
  readonly questions: Question[]
  readonly answers: Promise<readonly Answer[]>
}

/**
 * Gives the turn to ask in. `ask` is called once for each, never with an answer from before the question; when it
 * rejects, so do the answers of that turn and of no other. Whoever takes a turn must ask in it before awaiting anything.
 */
export function createTurns<Question, Answer>(
  ask: (questions: Question[]) => Promise<readonly Answer[]>,
): () => Turn<Question, Answer> {
  let current: Turn<Question, Answer> | null = null

  function begin(): Turn<Question, Answer> {
    const questions: Question[] = []
    // The check phase comes after every request of this turn has asked.
    const answers = new Promise((resolve) => setImmediate(resolve)).then(() => {
      current = null
      return ask(questions)
    })
    return { questions, answers }
  }

  return () => {
    current ??= begin()
    return current
  }
}
