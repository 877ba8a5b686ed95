/** Runs operations written by chance against one federation, and tells of the first that is not answered as by one schema. */
import { type DocumentNode, parse, print, validate } from 'graphql'
import type { Withheld } from '../../withheld.ts'
import type { Federation } from '../federation.contract.ts'
import type { Chance } from './chance.fixture.ts'
import { differences } from './differences.fixture.ts'
import { shrink } from './shrink.fixture.ts'
import { type WrittenOperation, writeOperation } from './write-operation.fixture.ts'

export interface ManyOperations {
  readonly chance: Chance
  readonly count: number
  readonly ids: readonly string[]
  /** Printed with what failed. */
  readonly about: string
  /** What is withheld from the caller of the next operation. */
  readonly withhold?: () => Withheld
  readonly afterEach?: (said: string, withheld: Withheld | undefined) => void
}

/** Resolves with those that could not be planned: their texts. @throws Error with the shrunk operation and both answers. */
export async function compareMany(federation: Federation, options: ManyOperations): Promise<readonly string[]> {
  const notPlanned: string[] = []
  for (let compared = 0; compared < options.count; compared++) {
    const { text, variables } = nextValid(federation, options)
    const withheld = options.withhold?.()
    const document = parse(text)
    const compare = (smaller: DocumentNode) => differences(federation, smaller, variables, withheld)
    const differing = await compare(document)
    if (differing === 'not planned') {
      notPlanned.push(text)
      continue
    }
    if (isDifference(differing)) {
      const differs = async (one: DocumentNode) => isDifference(await compare(one))
      const smallest = await shrink(document, federation.engine.schema, differs)
      const found = [...(await compare(smallest)), `variables ${JSON.stringify(variables)}`, `without ${withheld?.key}`]
      throw new Error([options.about, print(smallest), ...found].join('\n\n'))
    }
    options.afterEach?.(`${text}\nwithout ${withheld?.key}`, withheld)
  }
  return notPlanned
}

const isDifference = (found: Awaited<ReturnType<typeof differences>>): boolean =>
  found !== 'not planned' && found.length > 0

function nextValid({ engine: { schema } }: Federation, { chance, ids }: ManyOperations): WrittenOperation {
  for (;;) {
    const written = writeOperation(schema, chance, ids)
    if (validate(schema, parse(written.text)).length === 0) return written
  }
}
