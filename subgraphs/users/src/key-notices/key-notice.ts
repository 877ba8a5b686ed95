/** What the owner of an API key is told of its end: the words that the mail is filled with. Pure. */
import type { LetterKind } from '../mail/texts/text.ts'

export type KeyNoticeKind = 'EXPIRES' | 'OVERLAP_ENDS'

export interface KeyNoticeInput {
  /** Names the notice for ever: the same notice is sent once, however often it is asked for. */
  readonly ref: string
  readonly ownerId: string
  readonly kind: KeyNoticeKind
  /** What its owner calls the key. */
  readonly name: string
  readonly prefix: string
  readonly lastFour: string
  readonly endsAt: Date
  readonly daysLeft: number
  readonly lastUsedAt?: Date | null
}

export const letterOf = ({ kind, daysLeft }: KeyNoticeInput): LetterKind => {
  if (kind === 'OVERLAP_ENDS') return 'key-overlap-ends'
  return daysLeft <= 1 ? 'key-expires-tomorrow' : 'key-expires'
}

const minuteOf = (moment: Date): string => `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** `holder`: what the account is called, a person or a service account. */
export const factsOf = (notice: KeyNoticeInput, holder: string): Readonly<Record<string, string>> => ({
  name: notice.name,
  key: `${notice.prefix}…${notice.lastFour}`,
  holder,
  moment: minuteOf(notice.endsAt),
  days: String(notice.daysLeft),
  used: notice.lastUsedAt ? minuteOf(notice.lastUsedAt) : '',
})
