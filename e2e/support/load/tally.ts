/** What became of all that was asked of a house: how long answers took before its trouble and in it, and who was let in. */
import { type Answer, codesOf } from '../client.ts'

export const signingIn = 'a sign-in'
export const lockedOut = 'a sign-in whose tries are used up'
/** The time of a hash is in them. */
const hashed: readonly string[] = [signingIn, lockedOut]

export interface Counted {
  readonly asked: number
  readonly served: number
  /** The longest that was asked and answered before the trouble began, besides signing in. */
  readonly quietMs: number
  /** The same of those who signed in, or tried to: the time of a hash is in it. */
  readonly quietSignInMs: number
  /** The longest since, besides signing in. */
  readonly longestMs: number
  /** What was asked that took longest, what became of it, and how long after the trouble began it was asked. */
  readonly longest: string
  readonly signInMs: number
  readonly failOpen: number
  readonly acknowledged: number
}

export const isServed = ({ status, errors }: Answer) => status === 200 && errors.length === 0

const becameOf = (answer: Answer | null) => (answer ? codesOf(answer).join(' ') || 'answered' : 'cut')

/** Begins in quiet. */
export function openTally() {
  const counts = { asked: 0, served: 0, failOpen: 0, acknowledged: 0 }
  const quiet = { longestMs: 0, signInMs: 0 }
  const trouble = { longestMs: 0, signInMs: 0 }
  let longest = ''
  let beganMs = Number.POSITIVE_INFINITY

  function noteTime(what: string, startedMs: number, answer: Answer | null): void {
    const nowMs = performance.now()
    const tookMs = Math.round(nowMs - startedMs)
    const of = nowMs < beganMs ? quiet : trouble
    if (hashed.includes(what)) of.signInMs = Math.max(of.signInMs, tookMs)
    else if (tookMs > of.longestMs) {
      of.longestMs = tookMs
      if (of === trouble) longest = `${what}: ${becameOf(answer)} (asked at ${Math.round(startedMs - beganMs)})`
    }
  }

  /** `null`: the connection broke off, so nobody knows what became of it. */
  async function timed(what: string, work: () => Promise<Answer>): Promise<Answer | null> {
    const startedMs = performance.now()
    const answer = await work().catch(() => null)
    noteTime(what, startedMs, answer)
    counts.asked++
    if (answer && isServed(answer)) counts.served++
    return answer
  }

  return {
    timed,
    /** From here on answers count as given in trouble. */
    begin() {
      beganMs = performance.now()
    },
    /** Of what must not be served: until `untilMs`, where that ends by itself. */
    async refused(
      who: string,
      work: () => Promise<Answer>,
      { opens = isServed, untilMs = Number.POSITIVE_INFINITY } = {},
    ) {
      const answer = await timed(who, work)
      if (!answer || !opens(answer) || performance.now() > untilMs) return
      counts.failOpen++
      console.error(`let in: ${who}`)
    },
    /** What was acknowledged; otherwise it is unknown whether it was done. */
    async change(what: string, work: () => Promise<Answer>) {
      const answer = await timed(what, work)
      if (!answer || !isServed(answer)) return null
      counts.acknowledged++
      return answer.data
    },
    counted: (): Counted => ({
      ...counts,
      ...{ quietMs: quiet.longestMs, quietSignInMs: quiet.signInMs },
      ...{ longestMs: trouble.longestMs, longest, signInMs: trouble.signInMs },
    }),
  }
}

export type Tally = ReturnType<typeof openTally>
