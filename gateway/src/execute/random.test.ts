/** Operations nobody thought of: over subgraphs they are answered as over one schema. */
import { describe, expect, it } from 'vitest'
import { chanceFrom } from './random/chance.fixture.ts'
import { compareMany } from './random/many-operations.fixture.ts'
import { federatePeople, peopleIds } from './random/people.fixture.ts'

const operations = Number(process.env.LATCHKEY_RANDOM_OPERATIONS ?? 250)
const seed = Number(process.env.LATCHKEY_RANDOM_SEED ?? 1)
const batches = 10
/** A machine may be busy with something else. */
const patienceMs = Math.max(600_000, operations * 360)

describe('random operations', () => {
  const federation = federatePeople()

  it.each(Array.from({ length: batches }, (_, batch) => seed * 100 + batch))(
    'are answered as by one schema (seed %i)',
    async (seedOfPart) => {
      const notPlanned = await compareMany(federation, {
        chance: chanceFrom(seedOfPart),
        count: operations / batches,
        ids: peopleIds,
        about: `seed ${seedOfPart}`,
      })
      expect(notPlanned).toEqual([])
    },
    patienceMs,
  )
})
