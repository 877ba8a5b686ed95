/** The rows of the matrix: every coordinate of a schema, and how far each class of principals comes with it. */
import type { AccessJudge } from '@latchkey/gateway/access'
import type { Principal } from '@latchkey/principal'
import type { AccessReader } from '@latchkey/subgraph/access-reader'
import type { Owned } from '@latchkey/subgraph/owners'
import { type GraphQLSchema, isUnionType } from 'graphql'
import { createGuardJudge, type GuardJudge, judgedAs, type Taken } from './guards.ts'
import type { Cell, Cells, PublicRow, Row } from './matrix.ts'
import { coordinatesOf, operationOf, type Way } from './path.ts'
import { type Search, searchWays } from './search.ts'
import { bothOf, isPolicy, type Word, wordOf } from './word.ts'

/** By the name of the class. */
type TakenByClass = ReadonlyMap<string, Taken>

interface Supergraph {
  readonly gateway: AccessJudge
  readonly guards: GuardJudge
  readonly owners: ReadonlyMap<string, Owned>
}

const unowned: Owned = { subgraphs: [], directives: [] }

/** What may be asked of the gateway: the word of the gateway alone, and of all that an operation passes. */
export async function publicRows({ gateway, guards, owners }: Supergraph, classes: TakenByClass) {
  const { schema } = gateway
  const roots = [
    ['query', namesOf(schema.getQueryType())],
    ['mutation', namesOf(schema.getMutationType())],
    ['subscription', namesOf(schema.getSubscriptionType())],
  ] as const
  const wordAtGateway = (operation: string, principal: Principal): Word => {
    const word = wordOf(gateway.judge(operation, principal))
    const policies = word === 'allowed' ? gateway.policiesOf(operation) : null
    return policies === null ? word : `policy ${policies}`
  }
  const atGateway = await cellsOf({ schema, roots }, classes, (taken) => (way) => {
    const operation = operationOf(way)
    return judgedAs(taken, async (principal) => wordAtGateway(operation, principal))
  })
  const throughout = await cellsOf({ schema, roots }, classes, (taken) => (way) => {
    const operation = operationOf(way)
    return judgedAs(taken, async (principal, whose) => {
      const first = wordAtGateway(operation, principal)
      return first === 'allowed' || isPolicy(first) ? bothOf(first, await guards(way, { principal, whose })) : first
    })
  })
  return coordinatesOf(schema).flatMap((coordinate): PublicRow[] => {
    const [before, cells] = [atGateway.get(coordinate), throughout.get(coordinate)]
    return before && cells ? [{ coordinate, ...(owners.get(coordinate) ?? unowned), atGateway: before, cells }] : []
  })
}

/** What may be asked of one subgraph past the gateway. */
export async function rowsBehind(name: string, reader: AccessReader, classes: TakenByClass): Promise<readonly Row[]> {
  const { schema } = reader
  const guards = createGuardJudge(new Map([[name, reader]]), () => [name])
  const entity = schema.getType('_Entity')
  const roots = [
    ['entity', isUnionType(entity) ? entity.getTypes().map((type) => type.name) : []],
    ['query', namesOf(schema.getQueryType())],
    ['mutation', namesOf(schema.getMutationType())],
    ['subscription', namesOf(schema.getSubscriptionType())],
  ] as const
  const found = await cellsOf({ schema, roots }, classes, (taken) => (way) => {
    return judgedAs(taken, (principal, whose) => guards(way, { principal, whose, only: name }))
  })
  return coordinatesOf(schema).flatMap((coordinate): Row[] => {
    const cells = found.get(coordinate)
    return cells ? [{ coordinate, cells }] : []
  })
}

type JudgeAs = (taken: Taken) => (way: Way) => Promise<Word>

async function cellsOf(
  graph: Pick<Search, 'schema' | 'roots'>,
  classes: TakenByClass,
  judgeAs: JudgeAs,
): Promise<ReadonlyMap<string, Cells>> {
  const found = new Map<string, Map<string, Cell>>()
  for (const [name, taken] of classes)
    for (const [coordinate, cell] of await searchWays({ ...graph, judge: judgeAs(taken) })) {
      const row = found.get(coordinate) ?? new Map<string, Cell>()
      found.set(coordinate, row.set(name, cell))
    }
  return found
}

const namesOf = (type: ReturnType<GraphQLSchema['getQueryType']>): string[] => (type ? [type.name] : [])
