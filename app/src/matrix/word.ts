/** The word of a cell: what becomes of a caller who asks a field. */
import type { Verdict } from '@latchkey/subgraph/guard'

/**
 * From the narrowest to the widest. `own`: of what is the caller's; somebody else's reads like something that does not exist.
 * `step-up`: once they have proved again who they are. `policy NAME`: when the operator's policies say yes.
 */
export type Word = FixedWord | `policy ${string}`
type FixedWord = 'unauthenticated' | 'forbidden' | 'not found' | 'step-up' | 'own' | 'allowed'

const ofCode: Readonly<Record<string, Word>> = {
  UNAUTHENTICATED: 'unauthenticated',
  FORBIDDEN: 'forbidden',
  NOT_FOUND: 'not found',
  STEP_UP_REQUIRED: 'step-up',
  // The rule asked for a service. What it would say is decided by an object, so for nobody at large.
  INTERNAL: 'not found',
}

/** Of an answer's code; a code that does not speak of access says that access was given. */
export const wordOfCode = (code: unknown): Word => ofCode[String(code)] ?? 'allowed'

export const wordOf = (verdict: Verdict): Word => (verdict === true ? 'allowed' : wordOfCode(verdict.code))

/** All refusals are equally narrow: which of them it is says why, and not how much. */
const widths: Readonly<Record<FixedWord, number>> = {
  unauthenticated: 0,
  forbidden: 0,
  'not found': 0,
  'step-up': 1,
  own: 2,
  allowed: 3,
}

export const isPolicy = (word: Word): word is `policy ${string}` => word.startsWith('policy ')

/** What a policy says is for its operator to know: for some it is yes, for others no. */
export const widthOf = (word: Word): number => (isPolicy(word) ? 1 : widths[word])

export const isRefusal = (word: Word): boolean => widthOf(word) === 0

/** The first that lets more through than all the others. */
export const widestOf = (all: readonly Word[]): Word =>
  all.reduce<Word>((widest, word) => (widthOf(word) > widthOf(widest) ? word : widest), all[0] ?? 'forbidden')

/** Two gates one after the other: what the first refuses the second is not asked. */
export const bothOf = (first: Word, second: Word): Word => (widthOf(second) < widthOf(first) ? second : first)
