/** The permission matrix of a supergraph: every coordinate, asked by every class of principals. */
import type { Clock } from '@latchkey/clock'
import { createAccessJudge } from '@latchkey/gateway/access'
import { createAccessReader, type GuardedGraph } from '@latchkey/subgraph/access-reader'
import { unguardedFields } from '@latchkey/subgraph/guard'
import { type Owned, readOwners } from '@latchkey/subgraph/owners'
import { declaredScopes } from '@latchkey/subgraph/scope-catalogue'
import { callerClasses, type PrincipalClass, principalOf, serviceClasses } from './classes.ts'
import { createGuardJudge, type GuardJudge, type Taken } from './guards.ts'
import { coordinatesOf, type Way } from './path.ts'
import { publicRows, rowsBehind } from './rows.ts'
import type { Word } from './word.ts'

export interface SubgraphSource {
  readonly name: string
  readonly sdl: string
  /** `null`: it guards in a way of its own, and of that nothing is known here. */
  readonly graph: GuardedGraph | null
}

export interface Cell {
  readonly word: Word
  readonly way: Way
}

/** By class. */
export type Cells = ReadonlyMap<string, Cell>

export interface Row {
  readonly coordinate: string
  readonly cells: Cells
}

export interface PublicRow extends Row, Owned {
  /** What the gateway alone says. */
  readonly atGateway: Cells
}

export interface Matrix {
  readonly callers: readonly PrincipalClass[]
  readonly services: readonly PrincipalClass[]
  /** What may be asked of the gateway. */
  readonly rows: readonly PublicRow[]
  /** What may be asked of each subgraph by whoever can reach it, past the gateway; by its name. */
  readonly behind: ReadonlyMap<string, readonly Row[]>
  /** A sentence for each coordinate that is nobody's business: that no operation reaches, or that has no rule. */
  readonly uncovered: readonly string[]
  /** Subgraphs of which only the gateway's half is known. */
  readonly unread: readonly string[]
  /** The subgraphs' half of any way through the supergraph. */
  readonly guards: GuardJudge
}

/** @throws Error when a subgraph's rules and its schema do not fit, or the supergraph cannot be enforced. */
export async function makeMatrix(
  supergraphSdl: string,
  subgraphs: readonly SubgraphSource[],
  clock: Clock,
): Promise<Matrix> {
  const callers = callerClasses(declaredScopes(supergraphSdl))
  const services = serviceClasses(subgraphs.map(({ name }) => name))
  const taken = (classes: readonly PrincipalClass[]) =>
    new Map(classes.map((each) => [each.name, takenAs(each, clock)]))
  const readers = new Map(
    subgraphs.flatMap(({ name, sdl, graph }) => (graph ? [[name, createAccessReader(sdl, graph, clock)]] : [])),
  )
  const owners = readOwners(supergraphSdl)
  const guards = createGuardJudge(readers, (coordinate) => owners.get(coordinate)?.subgraphs ?? [])
  const gateway = createAccessJudge(supergraphSdl, clock)
  const rows = await publicRows({ gateway, guards, owners }, taken(callers))
  const uncovered = missing(coordinatesOf(gateway.schema), rows).map((coordinate) => unreached(coordinate))
  const behind = new Map<string, readonly Row[]>()
  for (const [name, reader] of readers) {
    const own = await rowsBehind(name, reader, taken([...callers, ...services]))
    behind.set(name, own)
    uncovered.push(...missing(coordinatesOf(reader.schema), own).map((coordinate) => unreached(coordinate, name)))
  }
  for (const { name, graph } of subgraphs)
    for (const coordinate of graph ? unguardedFields(readers.get(name)?.schema ?? gateway.schema, graph.rules) : [])
      uncovered.push(`no rule of ${name} guards ${coordinate}`)
  const unread = subgraphs.filter(({ graph }) => !graph).map(({ name }) => name)
  return { callers, services, rows, behind, uncovered, unread, guards }
}

const takenAs = (each: PrincipalClass, clock: Clock): Taken => ({
  old: principalOf(each, 'old', clock),
  shown: principalOf(each, 'shown', clock),
})

const unreached = (coordinate: string, subgraph = 'the supergraph'): string =>
  `no operation reaches ${coordinate} of ${subgraph}, so nothing is known of it`

function missing(all: readonly string[], rows: readonly Row[]): string[] {
  const covered = new Set(rows.map(({ coordinate }) => coordinate))
  return all.filter((coordinate) => !covered.has(coordinate))
}
