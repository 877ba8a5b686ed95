/** Draws the fields of entities: who owns them, what they require of others, what is provided and overridden. */
import type { Chance } from './chance.fixture.ts'
import { anyIn, type EntityModel, type FieldModel, knows, namedIn, nodesIn, outpost } from './graph-model.fixture.ts'

interface Drawing {
  readonly chance: Chance
  readonly strange: boolean
  readonly common: readonly string[]
}

/** A type in random wrappers: lists as deep as said, and `!` anywhere. */
export function drawType(named: string, chance: Chance, depth = 0): string {
  const strict = () => (chance.is(0.35) ? '!' : '')
  return depth === 0 ? `${named}${strict()}` : `[${drawType(named, chance, depth - 1)}]${strict()}`
}

const plain: Readonly<Record<string, readonly [named: string, depth: number]>> = {
  ...{ name: ['String', 0], size: ['Int', 0], ratio: ['Float', 0], flag: ['Boolean', 0], mood: ['Mood', 0] },
  ...{ blob: ['Json', 0], tags: ['String', 1], part: ['Part', 0], parts: ['Part', 2], dims: ['Ref', 1] },
  ...{ echo: ['String', 0], next: ['Entity', 0], peers: ['Entity', 1], grid: ['Entity', 2] },
  ...{ any: ['Any', 0], anys: ['Any', 1], node: ['Node', 0], nodes: ['Node', 1], steps: ['Int', 0] },
}

const takes: Readonly<Record<string, string>> = {
  echo: '(n: Int = 2, mood: Mood, filter: Filter)',
  next: '(at: Int = 0)',
}

const scalars = ['String', 'Int', 'Float', 'Boolean', 'Mood']

export function drawFields(bare: readonly EntityModel[], drawing: Drawing): EntityModel[] {
  const withPlain = bare.map((entity) => ({ ...entity, fields: drawPlain(entity, bare, drawing) }))
  const withRequires = withPlain.map((entity) => drawRequires(entity, drawing))
  return drawProvides(withRequires, drawing)
}

function drawPlain(entity: EntityModel, all: readonly EntityModel[], drawing: Drawing): FieldModel[] {
  const { chance, common } = drawing
  const homes = common.filter((subgraph) => knows(entity, subgraph))
  const fields: FieldModel[] = [
    { name: 'title', type: 'String', takes: '', owners: [chance.among(homes)], isSound: chance.is(0.5) },
  ]
  for (const name of chance.some(Object.keys(plain))) {
    const [wanted, depth] = plain[name] ?? ['String', 0]
    const named = wanted === 'Entity' ? chance.among(all).name : wanted
    const able = homes.filter((subgraph) => canName(named, subgraph, all, drawing))
    if (able.length === 0) continue
    const owner = chance.among(able)
    const other = chance.among(able)
    const isSound = named === 'Ref' || name === 'steps' || (scalars.includes(named) && chance.is(0.4))
    const type = name === 'steps' ? 'Int' : drawType(named, chance, depth)
    const field = { name, type, takes: takes[name] ?? '', isSound, owners: [owner] }
    if (owner === other || chance.is(0.5)) fields.push(field)
    else if (chance.is(0.6)) fields.push({ ...field, owners: [owner, other] })
    else fields.push({ ...field, override: { from: other, label: chance.among([undefined, 'percent(5)', 'later']) } })
  }
  if (knows(entity, outpost))
    for (const [name, type] of [
      ['far', 'Int'],
      ['farther', 'String!'],
    ] as const)
      fields.push({ name, type, takes: '', owners: [outpost], isSound: false })
  return fields
}

function canName(named: string, subgraph: string, all: readonly EntityModel[], { strange }: Drawing): boolean {
  if (named === 'Any') return anyIn(subgraph, all).length > 0
  if (named === 'Node') return nodesIn(subgraph, all, strange).length > 0
  const entity = all.find(({ name }) => name === named)
  return !entity || knows(entity, subgraph)
}

const isForeignTo = (subgraph: string) => (field: FieldModel) =>
  !field.owners.includes(subgraph) && field.override?.from !== subgraph && !field.owners.includes(outpost)

function drawRequires(entity: EntityModel, { chance, common }: Drawing): EntityModel {
  const fields = [...entity.fields]
  const external: Record<string, readonly FieldModel[]> = {}
  for (const subgraph of common.filter((each) => knows(entity, each))) {
    const told = fields
      .filter(isForeignTo(subgraph))
      .filter(({ isSound, name, requires }) => isSound && name !== 'steps' && !requires)
    if (told.length === 0 || chance.is(0.4)) continue
    const chosen = [chance.among(told), ...chance.some(told)].filter((one, at, list) => list.indexOf(one) === at)
    external[subgraph] = chosen
    const requires = chosen.map(inFieldSet).join(' ')
    const name = `sum${subgraph.toUpperCase()}`
    fields.push({ name, type: drawType('String', chance), takes: '', owners: [subgraph], isSound: true, requires })
  }
  return { ...entity, fields, external }
}

const inFieldSet = ({ name, type }: FieldModel): string => {
  if (name === 'echo') return 'echo(n: 3, mood: WILD, filter: { text: "r", mood: CALM })'
  return namedIn(type) === 'Ref' ? `${name} { code zone }` : name
}

/** A field that leads to one kind of entity may answer a scalar of it, which its subgraph does not own. */
function drawProvides(entities: readonly EntityModel[], { chance }: Drawing): EntityModel[] {
  const external = new Map(entities.map((each) => [each.name, { ...each.external }]))
  const providing = entities.map((entity) => ({
    ...entity,
    fields: entity.fields.map((field) => {
      const [owner = ''] = field.owners
      const target = entities.find(({ name }) => name === namedIn(field.type))
      if (!target || field.owners.length > 1 || field.override || chance.is(0.5)) return field
      const offered = target.fields
        .filter(isForeignTo(owner))
        .filter(({ type, takes: taken, requires }) => scalars.includes(namedIn(type)) && !taken && !requires)
        .filter(({ name }) => name !== 'steps')
      if (offered.length === 0) return field
      const given = chance.among(offered)
      const known = external.get(target.name) ?? {}
      known[owner] = [...new Set([...(known[owner] ?? []), given])]
      return { ...field, provides: given.name }
    }),
  }))
  return providing.map((entity) => ({ ...entity, external: external.get(entity.name) ?? {} }))
}
