/** Waiting until others have had their say. */

/** However many keep coming, nobody waits for more turns of the event loop than this. */
const turnsMax = 8

/**
 * Resolves after the first turn of the event loop that added nothing to what `count` counts. Each turn takes up what has
 * arrived at the sockets by then: under load many join, without load it takes two turns, and those are microseconds.
 */
export const untilLull = (count: () => number): Promise<void> =>
  new Promise((resolve) => {
    let before = count()
    let turns = 0
    const look = (): void => {
      const now = count()
      const isQuiet = now === before
      before = now
      turns += 1
      if (isQuiet || turns === turnsMax) resolve()
      else setImmediate(look)
    }
    // The check phase, which comes after every request of this turn has asked.
    setImmediate(look)
  })
