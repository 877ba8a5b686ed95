/** Draws a whole graph by chance. Not every one composes: fields may be out of reach. */
import { type Chance, chanceFrom } from './chance.fixture.ts'
import { drawFields, drawType } from './draw-fields.fixture.ts'
import {
  anyIn,
  type EntityModel,
  type GraphModel,
  knows,
  nodesIn,
  outpost,
  type RootField,
  stranger,
} from './graph-model.fixture.ts'

const keySets = [
  ...[['id'], ['id'], ['id'], ['id', 'sku'], ['sku', 'id'], ['sku'], ['id sku']],
  ...[['ref { code }'], ['id', 'ref { code }'], ['sku ref { code }', 'id'], ['id', 'sku', 'ref { code }']],
]

export function drawGraph(seed: number): GraphModel {
  const chance = chanceFrom(seed)
  const common = ['a', 'b', 'c', 'd'].slice(0, chance.between(2, 4))
  const strange = chance.is(0.3)
  const names = ['Ant', 'Bee', 'Cat'].slice(0, chance.between(2, 3))
  const remote = chance.is(0.4) ? names[0] : undefined
  const bare = names.map((name) => ({
    ...{ name, fields: [], external: {} },
    keys: drawKeys(chance, common, { everywhere: strange, outpost: name === remote }),
  }))
  const drawn: EntityModel[] = drawFields(bare, { chance, strange, common })
  const rooms = { chance, strange, common, entities: drawn }
  const viewers = chance.is(0.5) ? chance.some(common) : []
  return {
    seed,
    subgraphs: [...common, ...(remote ? [outpost] : []), ...(strange ? [stranger] : [])],
    entities: drawn,
    queries: [...drawQueries(rooms), ...(viewers.length > 0 ? [root('viewer', 'Viewer', viewers)] : [])],
    mutations: chance.is(0.5) ? drawMutations(rooms) : [],
    viewer: viewers.flatMap((subgraph) => drawViewer(subgraph, rooms)),
    ofEveryNode: strange
      ? [root('likes', drawType('Int', chance), [stranger]), root('liked', 'String!', [stranger])]
      : [],
  }
}

interface Rooms {
  readonly chance: Chance
  readonly strange: boolean
  readonly common: readonly string[]
  readonly entities: readonly EntityModel[]
}

const root = (name: string, type: string, owners: readonly string[], takes = ''): RootField => ({
  ...{ name, type, owners, takes },
})

function drawKeys(
  chance: Chance,
  subgraphs: readonly string[],
  among: { readonly everywhere: boolean; readonly outpost: boolean },
): Record<string, readonly string[]> {
  const keys: Record<string, readonly string[]> = {}
  for (const [at, subgraph] of subgraphs.entries()) {
    if (at === 0) keys[subgraph] = chance.is(0.5) ? ['id', 'sku', 'ref { code }'] : ['id']
    else if (chance.is(0.75)) keys[subgraph] = chance.among(keySets)
  }
  if (among.outpost) keys[outpost] = ['id']
  return keys
}

function drawQueries({ chance, strange, common, entities }: Rooms): RootField[] {
  const fields: RootField[] = []
  for (const subgraph of common) {
    const of = `Of${subgraph.toUpperCase()}`
    for (const entity of entities.filter((each) => knows(each, subgraph))) {
      const name = entity.name.toLowerCase()
      if (chance.is(0.6)) fields.push(root(`${name}${of}`, drawType(entity.name, chance), [subgraph], '(id: ID!)'))
      if (chance.is(0.6)) fields.push(root(`${name}s${of}`, drawType(entity.name, chance, 1), [subgraph]))
    }
    const any = anyIn(subgraph, entities).length > 0
    if (any && chance.is(0.5)) fields.push(root(`any${of}`, drawType('Any', chance, chance.between(0, 2)), [subgraph]))
    const isNode = nodesIn(subgraph, entities, strange).length > 0
    if (isNode) fields.push(root(`nodes${of}`, drawType('Node', chance, chance.between(0, 2)), [subgraph]))
  }
  for (const { name, keys } of entities) {
    const sharing = common.filter((subgraph) => keys[subgraph])
    if (chance.is(0.4)) fields.push(root(`shared${name}`, drawType(name, chance), sharing))
  }
  if (strange) fields.push(root('strangers', drawType('Node', chance, 1), [stranger]))
  return fields
}

function drawMutations({ chance, common, entities }: Rooms): RootField[] {
  return common.flatMap((subgraph) => {
    const of = `In${subgraph.toUpperCase()}`
    const known = anyIn(subgraph, entities)
    if (known.length === 0) return []
    return [
      root(`bump${of}`, drawType(chance.among(known).name, chance), [subgraph], '(by: Int! = 1)'),
      root(`count${of}`, drawType('Int', chance), [subgraph]),
    ]
  })
}

function drawViewer(subgraph: string, { chance, entities }: Rooms): RootField[] {
  const known = anyIn(subgraph, entities)
  const of = `Of${subgraph.toUpperCase()}`
  const fields = [root(`note${of}`, drawType('String', chance), [subgraph])]
  if (known.length > 0) fields.push(root(`own${of}`, drawType(chance.among(known).name, chance, 1), [subgraph]))
  return fields
}
