/** The data of a drawn graph: about one field in seven that may fail does, in one way or another. */
import { GraphQLError, parseType, type TypeNode } from 'graphql'
import type { Thing, World } from '../federation.contract.ts'
import { type Chance, chanceFrom } from './chance.fixture.ts'
import {
  anyIn,
  type EntityModel,
  type FieldModel,
  type GraphModel,
  hasStranger,
  nodesIn,
  outpost,
  type RootField,
} from './graph-model.fixture.ts'
import { readRequired } from './required.fixture.ts'

const instances = 3

export const idsOf = ({ entities }: GraphModel): string[] => entities.flatMap(({ name }) => [`${name}0`, `${name}2`])

/** The same data each time, as if nothing had been changed yet. */
export function fillWorld(graph: GraphModel): World {
  const filling = createFilling(graph)
  const { things, chance } = filling
  const state = { count: 0 }
  for (const entity of graph.entities)
    for (const [at, thing] of (things.get(entity.name) ?? []).entries())
      for (const field of [...entity.fields, ...graph.ofEveryNode.map(asField)])
        thing[field.name] = isUnknown(field, at) ? null : fieldValue(field, filling, state)
  const all = [...things.values()].flat()
  const Query: Thing = {}
  for (const field of graph.queries) Query[field.name] = rootValue(field, filling)
  const viewer: Thing = { __typename: 'Viewer', label: 'me' }
  for (const field of graph.viewer) viewer[field.name] = fieldValue(asField(field), filling, state)
  if ('viewer' in Query) Query.viewer = viewer
  const Mutation: Thing = {}
  for (const field of graph.mutations) Mutation[field.name] = change(field, filling, state)
  const [remote] = graph.entities
  const known = { [outpost]: (things.get(remote?.name ?? '') ?? []).filter((_, at) => at % 2 === 0) }
  chance.next()
  return { Query, Mutation, entities: all, ...(graph.subgraphs.includes(outpost) ? { known } : {}) }
}

interface Filling {
  readonly graph: GraphModel
  readonly chance: Chance
  readonly things: ReadonlyMap<string, readonly Thing[]>
}

interface State {
  count: number
}

function createFilling(graph: GraphModel): Filling {
  const things = new Map(
    graph.entities.map(({ name }) => [
      name,
      Array.from({ length: instances }, (_, at): Thing => {
        const id = `${name}${at}`
        return { __typename: name, id, sku: `sku-${id}`, ref: { __typename: 'Ref', code: `code-${id}`, zone: at } }
      }),
    ]),
  )
  return { graph, chance: chanceFrom(graph.seed + 1_000_000), things }
}

const asField = (field: RootField): FieldModel => ({ ...field, isSound: false })

const isUnknown = ({ owners }: FieldModel, at: number): boolean => owners.includes(outpost) && at % 2 === 1

const fails = (code: string) => new GraphQLError(`${code} failed`, { extensions: { code } })

function fieldValue(field: FieldModel, filling: Filling, state: State): unknown {
  const { name, requires } = field
  const { chance } = filling
  if (requires !== undefined) return readRequired(requires)
  if (name === 'steps') return () => state.count
  if (name === 'echo') return echo(field.isSound || chance.is(0.8) ? undefined : fails('ECHO'))
  const values = Array.from({ length: field.takes ? 3 : 1 }, () => drawValue(parseType(field.type), field, filling))
  if (!field.takes) return values[0] instanceof GraphQLError ? thrower(values[0]) : values[0]
  return ({ at }: Thing) => values[Number(at ?? 0) % values.length]
}

const thrower = (error: GraphQLError) => () => {
  throw error
}

const echo = (failure: GraphQLError | undefined) => (args: Thing) => {
  if (failure && args.n === 7) throw failure
  const { text = null, mood = null, at = null } = (args.filter ?? {}) as Thing
  return JSON.stringify([args.n ?? null, args.mood ?? null, text, mood, at])
}

function drawValue(type: TypeNode, field: FieldModel, filling: Filling): unknown {
  const { chance } = filling
  if (type.kind === 'NonNullType') return field.isSound || chance.is(0.94) ? whole(type.type, field, filling) : null
  const luck = chance.next()
  if (!field.isSound && luck < 0.06) return fails(field.name.toUpperCase())
  return luck < 0.16 ? null : whole(type, field, filling)
}

function whole(type: TypeNode, field: FieldModel, filling: Filling): unknown {
  const { chance } = filling
  if (type.kind === 'NonNullType') return whole(type.type, field, filling)
  if (!field.isSound && chance.is(0.05)) return fails(`${field.name.toUpperCase()}_WITHIN`)
  if (type.kind === 'ListType')
    return Array.from({ length: chance.between(0, 3) }, () => drawValue(type.type, field, filling))
  const scalar = scalars[type.name.value]
  if (scalar) return field.isSound || chance.is(0.97) ? chance.among(scalar) : { not: 'a scalar' }
  return chance.among(objectsOf(type.name.value, field, filling))
}

const scalars: Readonly<Record<string, readonly unknown[]>> = {
  ...{ String: ['x', '', 'ä'], Int: [0, 1, -5], Float: [0.5, 2], Boolean: [true, false] },
  ...{ Mood: ['CALM', 'WILD'], Json: [{ a: [1, null] }, 5, 'text', [[]]] },
}

function objectsOf(named: string, { owners }: Pick<FieldModel, 'owners'>, filling: Filling): readonly Thing[] {
  const { graph, chance, things } = filling
  if (named === 'Ref') return [{ __typename: 'Ref', code: 'r', zone: chance.among([1, null]) }]
  if (named === 'Part') {
    const amount = chance.among([1, 2, null, thrower(fails('AMOUNT'))])
    const tags = chance.among([['t'], ['t', null], null])
    return [{ __typename: 'Part', amount, place: chance.among(['here', thrower(fails('PLACE'))]), tags, mood: 'WILD' }]
  }
  const known = (subgraph: string): readonly EntityModel[] => {
    if (named === 'Any') return anyIn(subgraph, graph.entities)
    if (named !== 'Node') return graph.entities.filter(({ name }) => name === named)
    return subgraph === 'z' ? graph.entities : nodesIn(subgraph, graph.entities, hasStranger(graph))
  }
  const [first = [], ...others] = owners.map(known)
  const common = first.filter((each) => others.every((list) => list.includes(each)))
  return common.flatMap(({ name }) => things.get(name) ?? [])
}

function rootValue(field: RootField, filling: Filling): unknown {
  if (!field.takes) return fieldValue(asField(field), filling, { count: 0 })
  const all = [...filling.things.values()].flat()
  const named = field.type.replace('!', '')
  return ({ id }: Thing) => all.find((thing) => thing.id === id && thing.__typename === named) ?? null
}

/** Changes what `steps` tells, so that the order of changes shows. */
function change({ name, type, owners }: RootField, filling: Filling, state: State) {
  const list = name.startsWith('bump') ? objectsOf(type.replace('!', ''), { owners }, filling) : undefined
  return ({ by }: Thing) => {
    state.count += Number(by ?? 1)
    if (state.count % 6 === 5) throw fails(name.toUpperCase())
    return list ? list[state.count % list.length] : state.count
  }
}
