/** What an answer says of access, and whether the field that was asked for was reached at all. */
import { type Way, type Word, wordOfCode } from '@latchkey/app/matrix'

export interface AnsweredLike {
  readonly data?: unknown
  readonly errors?: readonly { readonly extensions?: Readonly<Record<string, unknown>> | undefined }[] | undefined
}

/** The three codes that refuse a caller. Whatever else comes back, the question itself was let through. */
const refusals = ['UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED']

export const codesIn = ({ errors = [] }: AnsweredLike): readonly unknown[] =>
  errors.map(({ extensions }) => extensions?.code)

export function wordIn(answer: AnsweredLike): Word {
  const refusal = codesIn(answer).find((code) => refusals.includes(String(code)))
  return refusal === undefined ? 'allowed' : wordOfCode(refusal)
}

/** What an operation that is answered with this word may not be answered with, and must be. */
export const agrees = (word: Word, answered: Word): boolean =>
  word === answered || (answered === 'allowed' && (word === 'own' || word === 'not found'))

/** Whether there was an object to ask the field of: a rule that nothing was asked of has said nothing. */
export function isReached({ root, steps }: Way, { data }: AnsweredLike): boolean {
  let objects: unknown[] = root === 'entity' ? itemsOf((data as Record<string, unknown> | null)?._entities) : [data]
  for (const step of steps) {
    if (step.kind === 'on') continue
    objects = objects.filter((object) => typeof object === 'object' && object !== null && step.field.name in object)
    if (objects.length === 0) return false
    if (step === steps.at(-1)) return true
    objects = objects.flatMap((object) => itemsOf((object as Record<string, unknown>)[step.field.name]))
  }
  return true
}

const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value.flat() : value === null ? [] : [value])
