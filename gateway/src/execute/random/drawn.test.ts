/** Graphs and operations nobody thought of: however a graph is cut into subgraphs, it is answered as one schema. */
import { afterAll, describe, it } from 'vitest'
import { type Federation, federate } from '../federation.contract.ts'
import { chanceFrom } from './chance.fixture.ts'
import { drawGraph } from './draw-graph.fixture.ts'
import { fillWorld, idsOf } from './fill-world.fixture.ts'
import type { GraphModel } from './graph-model.fixture.ts'
import { compareMany } from './many-operations.fixture.ts'
import { printSubgraphs } from './print-subgraphs.fixture.ts'

const operations = Number(process.env.LATCHKEY_RANDOM_OPERATIONS ?? 200)
const seed = Number(process.env.LATCHKEY_RANDOM_SEED ?? 1)
const operationsPerGraph = 20

describe('graphs drawn by chance', () => {
  let notPlanned = 0
  afterAll(() => console.info(`${notPlanned} of ${operations} operations were refused because they cannot be planned`))

  it.each(Array.from({ length: Math.ceil(operations / operationsPerGraph) }, (_, at) => seed * 100_000 + at * 100))(
    'are answered as by one schema (seed %i)',
    async (firstSeed) => {
      const { graph, federation } = composed(firstSeed)
      const refused = await compareMany(federation, {
        chance: chanceFrom(firstSeed),
        count: operationsPerGraph,
        ids: idsOf(graph),
        about: `seed ${firstSeed}\n${told(graph)}`,
      })
      notPlanned += refused.length
    },
    600_000,
  )
})

const told = (graph: GraphModel): string =>
  Object.entries(printSubgraphs(graph))
    .map(([name, sdl]) => `# ${name}\n${sdl}`)
    .join('\n')

/** The first graph from this seed on that composes. */
function composed(seed: number): { graph: GraphModel; federation: Federation } {
  const graph = drawGraph(seed)
  try {
    return { graph, federation: federate(printSubgraphs(graph), () => fillWorld(graph)) }
  } catch {
    return composed(seed + 1)
  }
}
