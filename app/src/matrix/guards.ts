/** The subgraphs' half: what their guards say of a caller who goes a way through the graph. */
import type { Principal } from '@latchkey/principal'
import type { AccessReader, AskedOf } from '@latchkey/subgraph/access-reader'
import { type GraphQLArgument, type GraphQLInputType, getNamedType, isInputObjectType, isNonNullType } from 'graphql'
import { somebodyElse, themselves } from './classes.ts'
import { coordinateOf, type Step, type Way } from './path.ts'
import { bothOf, type Word, widestOf, widthOf, wordOf } from './word.ts'

/** By subgraph. One that is missing here guards in a language of its own: of it only the gateway's half is known. */
export type Readers = ReadonlyMap<string, AccessReader>

/** Which subgraphs answer for a coordinate. */
export type OwnersOf = (coordinate: string) => readonly string[]

/** How somebody is taken: as they are, and as they would be had they just proved who they are. */
export interface Taken {
  readonly old: Principal
  readonly shown: Principal
}

/** A refusal that would not be one after a proof is a step up; what is not the caller's own may be refused besides. */
export async function judgedAs(
  taken: Taken,
  judge: (principal: Principal, whose: string) => Promise<Word>,
): Promise<Word> {
  const own = await judge(taken.old, themselves)
  const reached = own === 'step-up' ? await judge(taken.shown, themselves) : own
  if (reached !== 'allowed') return reached
  if (own === 'step-up') return own
  return (await judge(taken.old, somebodyElse)) === 'allowed' ? own : 'own'
}

/** Who asks, and of whose. */
export interface Asking extends Pick<AskedOf, 'principal' | 'services'> {
  readonly whose: string
  /** Within this subgraph, which nobody is fetched for; else in whichever the way leads through. */
  readonly only?: string
}

interface Place {
  /** The subgraphs that may have the object. */
  readonly at: readonly string[]
  readonly word: Word
}

/** What becomes of them along the whole way. */
export type GuardJudge = (way: Way, asking: Asking) => Promise<Word>

export function createGuardJudge(readers: Readers, ownersOf: OwnersOf): GuardJudge {
  async function fieldWord(subgraph: string, step: Extract<Step, { kind: 'field' }>, asked: AskedOf): Promise<Word> {
    const reader = readers.get(subgraph)
    return reader ? wordOf(await reader.judgeField(step.type, step.field.name, asked)) : 'allowed'
  }
  async function referenceWord(subgraph: string, type: string, asked: AskedOf): Promise<Word> {
    const reader = readers.get(subgraph)
    return reader ? wordOf(await reader.judgeReference(type, asked)) : 'allowed'
  }

  /** Who has the object answers; else it is fetched by its key from whoever does. */
  async function go(place: Place, step: Extract<Step, { kind: 'field' }>, asked: AskedOf, isRoot: boolean) {
    const owners = ownersOf(coordinateOf(step))
    const here = owners.filter((name) => place.at.includes(name))
    const byKey = here.length === 0 && !isRoot
    const judged = await Promise.all(
      (here.length > 0 ? here : owners).map(async (name) => {
        const given = byKey ? await referenceWord(name, step.type, asked) : 'allowed'
        return { name, word: bothOf(given, await fieldWord(name, step, asked)) }
      }),
    )
    const word = widestOf(judged.map((each) => each.word))
    return { word, at: judged.filter((each) => each.word === word).map(({ name }) => name) }
  }

  return async ({ root, steps }, { whose, only, ...asking }) => {
    const parent = belongingTo(whose)
    let place: Place = { at: only === undefined ? [] : [only], word: 'allowed' }
    for (const [index, step] of steps.entries()) {
      if (step.kind === 'on' && root === 'entity' && index === 0 && only !== undefined)
        place = { ...place, word: await referenceWord(only, step.type, { ...asking, parent }) }
      if (step.kind === 'field') {
        const asked = { ...asking, parent, args: argumentsFor(step.field.args, whose) }
        place = await go(place, step, asked, index === 0)
      }
      if (widthOf(place.word) < widthOf('allowed')) return place.word
    }
    return place.word
  }
}

/** An object of somebody's: whatever a rule reads of it names them. */
const belongingTo = (whose: string): object => new Proxy({}, { get: () => whose, has: () => true })

/** Every id and text that is asked for names them too. */
function argumentsFor(args: readonly GraphQLArgument[], whose: string): Record<string, unknown> {
  return Object.fromEntries(args.map(({ name, type }) => [name, valueFor(type, whose, 3)]))
}

function valueFor(type: GraphQLInputType, whose: string, depth: number): unknown {
  const named = getNamedType(type)
  if (named.name === 'ID' || named.name === 'String') return whose
  if (!isInputObjectType(named) || depth === 0 || !isNonNullType(type)) return undefined
  const fields = Object.values(named.getFields())
  return Object.fromEntries(fields.map(({ name, type: inner }) => [name, valueFor(inner, whose, depth - 1)]))
}
