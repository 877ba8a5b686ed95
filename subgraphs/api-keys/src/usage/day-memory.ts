/** What was written today already, so that it is not written with every batch: for one process, and forgotten at midnight. */

export interface DayMemory<Thing> {
  on(day: Date): {
    unknown(things: readonly Thing[]): readonly Thing[]
    keep(things: readonly Thing[]): void
  }
}

const thingsMax = 200_000

export function createDayMemory<Thing>(): DayMemory<Thing> {
  let known = new Set<Thing>()
  let of = 0
  return {
    on(day) {
      if (day.getTime() !== of || known.size >= thingsMax) known = new Set()
      of = day.getTime()
      return {
        unknown: (things) => things.filter((thing) => !known.has(thing)),
        keep(things) {
          if (day.getTime() === of) for (const thing of things) known.add(thing)
        },
      }
    },
  }
}
