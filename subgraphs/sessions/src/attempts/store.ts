/** Everything attempt counters need from storage, which times them itself. Every method rejects with UNAVAILABLE. */
import type { CounterPolicy } from './limits.ts'
import type { CountedTry, Verdict } from './tries.ts'

export type TakenTry = Pick<CountedTry, 'id' | 'place'>

/** What became of a try, and when it was asked for. `unknown`: nothing is kept of the counter; nobody has tried, or it was lost. */
export type Taken = (Verdict | { readonly outcome: 'unknown' }) & { readonly atMs: number }

export interface AttemptStore {
  /** What time it is, as tries are timed. */
  now(): Promise<Date>
  /**
   * Takes one try, if there is one left. All in one step: of any number of callers at once, on any number of processes, exactly
   * as many get one as there are, whatever the time is with them. `unknown`: nothing is taken, and whoever asks again with what is
   * known from elsewhere is answered.
   */
  take(counter: string, asked: TakenTry, policy: CounterPolicy, known?: readonly CountedTry[]): Promise<Taken>
  /** As if the try had never been taken. */
  giveBack(counter: string, taken: TakenTry): Promise<void>
  /** Forgets the tries of one place. */
  forget(counter: string, place: string): Promise<void>
  /** Forgets all of it: it is `unknown` then. */
  drop(counter: string): Promise<void>
}
