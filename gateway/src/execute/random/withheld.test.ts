/** Operations by chance of which something is withheld: answered as by one schema that refuses it, and nobody is asked for it. */
import { buildSubgraphSchema } from '@apollo/subgraph'
import { Problem } from '@latchkey/problem'
import { type GraphQLSchema, isAbstractType, isObjectType, parse, TypeInfo, visit, visitWithTypeInfo } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { Withheld } from '../../withheld.ts'
import { type Chance, chanceFrom } from './chance.fixture.ts'
import { compareMany } from './many-operations.fixture.ts'
import { federatePeople, peopleIds, peopleSchemas } from './people.fixture.ts'

const operations = Number(process.env.LATCHKEY_RANDOM_OPERATIONS ?? 250)
const seed = Number(process.env.LATCHKEY_RANDOM_SEED ?? 1)
const batches = 10
/** A machine may be busy with something else. */
const patienceMs = Math.max(600_000, operations * 360)

/** What the planner itself may need: keys, and what another field requires. */
const needed = ['id', 'price', 'likes']

/** Some fields of some types, as a caller may not ask them; on an interface, what is withheld of any type behind it. */
function withholdSome(schema: GraphQLSchema, chance: Chance): Withheld & { readonly coordinates: Set<string> } {
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) && !type.name.startsWith('__'))
  const coordinates = new Set<string>()
  for (const type of types.filter(isObjectType))
    for (const name of Object.keys(type.getFields())) {
      if (needed.includes(name) || chance.is(type.name === 'Query' ? 0.95 : 0.85)) continue
      coordinates.add(`${type.name}.${name}`)
      for (const above of type.getInterfaces()) if (above.getFields()[name]) coordinates.add(`${above.name}.${name}`)
    }
  const refusal = new Problem('FORBIDDEN')
  const key = [...coordinates].join()
  return { coordinates, key, reasonFor: (coordinate) => (coordinates.has(coordinate) ? refusal : undefined) }
}

describe('random operations of which something is withheld', () => {
  const federation = federatePeople()
  const { schema } = federation.engine
  const head =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@requires", "@external"])'
  const own = Object.fromEntries(
    Object.entries(peopleSchemas).map(([name, sdl]) => [
      name,
      buildSubgraphSchema([{ typeDefs: parse(`${head} ${sdl}`) }]),
    ]),
  )

  /** The coordinates that a subgraph was asked for: an interface's are those of every type behind it. */
  function coordinatesAsked(): Set<string> {
    const found = new Set<string>()
    for (const { subgraph, query } of federation.asked.splice(0)) {
      const of = own[subgraph]
      if (!of) throw new Error(subgraph)
      const info = new TypeInfo(of)
      const Field = ({ name }: { name: { value: string } }) => {
        const parent = info.getParentType()
        const standing = isAbstractType(parent) ? of.getPossibleTypes(parent) : parent ? [parent] : []
        for (const type of standing) found.add(`${type.name}.${name.value}`)
      }
      visit(parse(query), visitWithTypeInfo(info, { Field }))
    }
    return found
  }

  it.each(Array.from({ length: batches }, (_, batch) => batch + 1))(
    'are answered as by one schema that refuses those fields, and no subgraph is asked for them (part %i)',
    async (batch) => {
      const chance = chanceFrom(1_000 * seed + batch)
      let withheld = withholdSome(schema, chance)
      const notPlanned = await compareMany(federation, {
        chance,
        count: operations / batches,
        ids: peopleIds,
        about: `seed ${1_000 * seed + batch}`,
        withhold() {
          withheld = withholdSome(schema, chance)
          federation.asked.splice(0)
          return withheld
        },
        afterEach: (said) =>
          expect(
            [...coordinatesAsked()].filter((each) => withheld.coordinates.has(each)),
            said,
          ).toEqual([]),
      })
      expect(notPlanned).toEqual([])
    },
    patienceMs,
  )
})
