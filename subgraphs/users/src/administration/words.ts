/** What administrators write about accounts: reasons, external ids, moments. Judged before anything is done with it. */

const oneLine = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u

/** The text in NFC without the space around it; `null` when it is empty, too long or unprintable. Bounded before it is worked on. */
function parseLine(text: string, lengthMax: number): string | null {
  if (text.length > 4 * lengthMax) return null
  const words = text.trim().normalize('NFC')
  return [...words].length <= lengthMax && oneLine.test(words) ? words : null
}

export const reasonMax = 500

/** On one line, however it was written. */
export const parseReason = (text: string): string | null =>
  text.length > 4 * reasonMax ? null : parseLine(text.replaceAll(/\s+/g, ' '), reasonMax)

export const externalIdMax = 128

/** What another system calls the account. Upper and lower case differ: we do not know what that system means by them. */
export const parseExternalId = (text: string): string | null => parseLine(text, externalIdMax)

const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

/** A moment as RFC 3339 writes it; `null` for anything else. */
export function parseMoment(text: unknown): Date | null {
  if (typeof text !== 'string' || text.length > 40 || !moment.test(text)) return null
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? null : date
}
