/** What every question does: whether it was chosen, and whether what it measures is an answer. */
import type { Target } from './measure.ts'

/** Whether a question's name has all the words. */
export const chosen = ({ name }: { readonly name: string }, words: readonly string[]): boolean =>
  words.every((word) => name.includes(word))

/** The answer that is measured, which has to be one: with errors it is a 200 too, and would be a fast one. */
export async function answerOf({ name, url, requests: [first] }: Target): Promise<unknown> {
  const body = first?.body ?? null
  const response = await fetch(url, { method: body === null ? 'GET' : 'POST', headers: { ...first?.headers }, body })
  const answer = (await response.json()) as { errors?: unknown } | null
  if (answer === null || answer.errors) throw new Error(`${name}: ${JSON.stringify(answer)}`)
  return answer
}
