/** How often a question may be asked a second time: a tenth of what is asked at all, so that retries cannot be what overloads. */

export interface RetryBudget {
  earn(): void
  /** False: there is nothing left. */
  spend(): boolean
}

const share = 0.1
/** For a moment in which a replica dies, with so many questions on their way to it. */
const most = 10

export function createRetryBudget(): RetryBudget {
  let left = most
  return {
    earn() {
      left = Math.min(left + share, most)
    },
    spend() {
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
