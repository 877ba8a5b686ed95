/** How many operations a process works on at once: more would only wait in it, and be too late when their turn came. */

export interface Places {
  /** `null`: there is none. Else it is to be called when the operation is answered. */
  take(asked: 'question' | 'change'): (() => void) | null
}

/** The last are kept for changes: what ends a session or a key is one. */
const changesShare = 0.1

export function createPlaces(max: number): Places {
  const room = { change: max, question: Math.max(1, Math.floor(max * (1 - changesShare))) }
  let taken = 0
  return {
    take(asked) {
      if (taken >= room[asked]) return null
      taken += 1
      return () => {
        taken -= 1
      }
    },
  }
}
