/** Text that people give to things: one line of printable Unicode, of bounded length. Pure. */

// Control characters (Postgres keeps no U+0000), halves of surrogate pairs (JSON columns keep none), line breaks, and the
// marks that turn the direction of what follows them.
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** No character that is kept needs more UTF-16 units than this before it is normalised. */
const unitsPerCharacterMax = 4

export interface LabelLimits {
  /** In code points, of the normalised text. */
  readonly min: number
  readonly max: number
}

export type Label = { readonly text: string; readonly fault: null } | { readonly text: null; readonly fault: string }

const faulty = (fault: string): Label => ({ text: null, fault })

/** The text in NFC without the space around it, or what is wrong with it. */
export function parseLabel(typed: string, { min, max }: LabelLimits): Label {
  const lengthFault = min > 0 ? `must be ${min} to ${max} characters` : `must be at most ${max} characters`
  // Normalising takes the square of a run of marks: what is too long is never normalised.
  if (typed.length > unitsPerCharacterMax * max) return faulty(lengthFault)
  const text = typed.normalize('NFC').trim()
  const { length } = [...text]
  if (length < min || length > max) return faulty(lengthFault)
  return unprintable.test(text) ? faulty('must be printable characters on one line') : { text, fault: null }
}
