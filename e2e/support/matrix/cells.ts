/** Every cell of a matrix, run: at the gateway as a client, and at each subgraph's door. */
import {
  type Cell,
  type Matrix,
  operationOf,
  type PrincipalClass,
  principalOf,
  type Way,
  type Word,
} from '@latchkey/app/matrix'
import type { Clock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import type { Answer } from '../client.ts'
import { type AnsweredLike, isReached, wordIn } from './answer.ts'
import type { Belongings, Caller } from './callers.ts'
import type { Doors } from './doors.ts'

export interface Ran {
  readonly coordinate: string
  readonly class: string
  readonly operation: string
  /** What the matrix says. */
  readonly word: Word
  /** What came back. */
  readonly answered: Word
  /** Refused before any subgraph was asked. */
  readonly atTheFront: boolean
  readonly reached: boolean
  readonly answer: AnsweredLike
}

interface Run {
  readonly way: Way
  readonly class: string
  run(): Promise<void>
}

const lanes = 8

/** What only looks, side by side; then what changes something, of each class one after the other: it may end their session. */
async function runAll(runs: readonly Run[]): Promise<void> {
  const looking = runs.filter(({ way }) => way.root !== 'mutation')
  const changing = runs.filter(({ way }) => way.root === 'mutation')
  await Promise.all(Array.from({ length: lanes }, () => inTurn(looking)))
  const classes = new Set(changing.map((run) => run.class))
  await Promise.all([...classes].map((name) => inTurn(changing.filter((run) => run.class === name))))
}

/** Takes what is left, until nothing is. */
async function inTurn(waiting: Run[]): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next.run()
}

/** Each cell by the way that is widest throughout, and by the one that is widest at the gateway; often they are one. */
export async function runAtGateway({ rows }: Matrix, callers: readonly Caller[]) {
  const ran: Ran[] = []
  const atGateway: Ran[] = []
  const runs: Run[] = []
  for (const { coordinate, cells, atGateway: before } of rows)
    for (const caller of callers) {
      const { name } = caller.class
      const ways = new Map<string, { readonly way: Way; readonly keep: ((seen: Seen) => unknown)[] }>()
      const add = (cell: Cell | undefined, into: Ran[]) => {
        if (!cell) return
        const operation = operationOf(cell.way)
        const known = ways.get(operation) ?? { way: cell.way, keep: [] }
        known.keep.push((seen) =>
          into.push({ coordinate, class: name, operation, word: withoutPolicies(cell.word), ...seen }),
        )
        ways.set(operation, known)
      }
      add(cells.get(name), ran)
      add(before.get(name), atGateway)
      for (const [operation, { way, keep }] of ways)
        runs.push({ way, class: name, run: async () => keepAll(keep, way, await caller.ask(operation)) })
    }
  await runAll(runs)
  return { ran, atGateway, operations: runs.length }
}

/** In this house nobody registered a policy, so that all of them say no. */
const withoutPolicies = (word: Word): Word => (word.startsWith('policy ') ? 'forbidden' : word)

type Seen = Pick<Ran, 'answer' | 'answered' | 'atTheFront' | 'reached'>

function keepAll(keep: readonly ((seen: Seen) => unknown)[], way: Way, answer: Answer): void {
  const seen = { answered: wordIn(answer), atTheFront: answer.status !== 200, reached: isReached(way, answer) }
  for (const each of keep) each({ answer, ...seen })
}

interface Behind {
  readonly doors: Doors
  readonly callers: readonly Caller[]
  readonly clock: Clock
}

/** As each class, of what is theirs; where that is all they may have, of what is somebody else's too. */
export async function runBehind({ behind, callers: classes, services }: Matrix, { doors, callers, clock }: Behind) {
  const ran: (Ran & { readonly subgraph: string })[] = []
  const ofOthers: (Ran & { readonly subgraph: string })[] = []
  const runs: Run[] = []
  for (const [subgraph, rows] of behind)
    for (const each of [...classes, ...services]) {
      const caller = callers.find((one) => one.class.name === each.name)
      const other = callers.find((one) => one.class.kind === 'person' && one !== caller)
      for (const { coordinate, cells } of rows) {
        const cell = cells.get(each.name)
        if (!cell) continue
        const add = (theirs: () => Belongings, into: (Ran & { readonly subgraph: string })[]) =>
          runs.push({
            way: cell.way,
            class: each.name,
            async run() {
              const operation = operationOf(cell.way)
              const principal = principalAs(each, caller, clock)
              const variables = variablesFor(cell.way, theirs())
              const answer = await doors.ask(subgraph, { class: each, principal, query: operation, variables })
              const seen = { answered: wordIn(answer), atTheFront: false, reached: isReached(cell.way, answer) }
              into.push({ subgraph, coordinate, class: each.name, operation, word: cell.word, answer, ...seen })
            },
          })
        add(() => caller?.belongings ?? {}, ran)
        if (cell.word === 'own' && cell.way.root === 'entity') add(() => other?.belongings ?? {}, ofOthers)
      }
    }
  await runAll(runs)
  return { ran, ofOthers }
}

/** Who the matrix took them for, under the names they have here. */
function principalAs(each: PrincipalClass, caller: Caller | undefined, clock: Clock): Principal {
  const principal = principalOf(each, 'old', clock)
  const { User: userId = 'usr_nobody', Session: sessionId = 'ses_none' } = caller?.belongings ?? {}
  if (principal.kind === 'user') return { ...principal, userId, sessionId }
  return principal.kind === 'apiKey' ? { ...principal, ownerId: userId } : principal
}

function variablesFor({ root, steps: [first] }: Way, theirs: Belongings): Record<string, unknown> {
  if (root !== 'entity' || first?.kind !== 'on') return {}
  return { of: [{ __typename: first.type, id: theirs[first.type] ?? 'unknown' }] }
}
