/** Everything attempt counters need from storage. Every method rejects with UNAVAILABLE. */
import type { CounterPolicy } from './limits.ts'
import type { CountedTry, Verdict } from './tries.ts'

export interface AttemptStore {
  /**
   * Takes one try, if there is one left. All in one step: of any number of callers at once, on any number of processes, exactly
   * as many get one as there are. `unknown`: nothing is kept of this counter, because nobody has tried or because it was lost;
   * nothing is taken then, and whoever asks again with what is known from elsewhere is answered.
   */
  take(
    counter: string,
    asked: CountedTry,
    policy: CounterPolicy,
    known?: readonly CountedTry[],
  ): Promise<Verdict | { readonly outcome: 'unknown' }>
  /** As if the try had never been taken. */
  giveBack(counter: string, taken: Pick<CountedTry, 'id' | 'place'>): Promise<void>
  /** Forgets the tries of one place. */
  forget(counter: string, place: string): Promise<void>
  /** Forgets all of it: it is `unknown` then. */
  drop(counter: string): Promise<void>
}
