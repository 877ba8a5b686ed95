/** Where the gateway and a subgraph do not say the same, and whether they may. */
import type { Clock } from '@latchkey/clock'
import { type PrincipalClass, principalOf, themselves } from './classes.ts'
import type { Matrix } from './matrix.ts'
import type { Way } from './path.ts'
import { isPolicy, isRefusal, type Word, widthOf } from './word.ts'

/**
 * `object`: whose the object is, which only the subgraph knows. `in person`: a key is refused what a person with the same scopes is
 * not, which no directive can say. `policy`: policies are the gateway's, and no subgraph knows what they say.
 * `disagreement`: anything else, and above all a subgraph that lets through what the gateway refuses.
 */
export type Difference = 'object' | 'in person' | 'policy' | 'disagreement'

export interface Differing {
  readonly coordinate: string
  readonly subgraph: string
  readonly class: string
  readonly gateway: Word
  readonly behind: Word
  readonly difference: Difference
}

const ofObject: readonly Word[] = ['own', 'not found']

export async function differencesIn(matrix: Matrix, clock: Clock): Promise<readonly Differing[]> {
  const differing: Differing[] = []
  for (const [subgraph, own] of matrix.behind) {
    const cellsOf = new Map(own.map(({ coordinate, cells }) => [coordinate, cells]))
    for (const { coordinate, subgraphs, atGateway } of matrix.rows)
      for (const each of subgraphs.includes(subgraph) ? matrix.callers : []) {
        const [before, after] = [atGateway.get(each.name), cellsOf.get(coordinate)?.get(each.name)]
        if (!before || !after || before.word === after.word) continue
        const words = { gateway: before.word, behind: after.word }
        const difference = await differenceOf(words, { way: before.way, each, clock }, matrix)
        differing.push({ coordinate, subgraph, class: each.name, ...words, difference })
      }
  }
  return differing
}

type Words = Pick<Differing, 'gateway' | 'behind'>

async function differenceOf(
  { gateway, behind }: Words,
  { way, each, clock }: { readonly way: Way; readonly each: PrincipalClass; readonly clock: Clock },
  { guards }: Matrix,
): Promise<Difference> {
  if (isPolicy(gateway) && !isRefusal(behind)) return 'policy'
  if (isRefusal(gateway) || widthOf(behind) > widthOf(gateway)) return 'disagreement'
  if (ofObject.includes(behind)) return 'object'
  const asking = { principal: principalOf(each, 'shown', clock), whose: themselves }
  // As if it were the very object that the caller has just made, such as the session of who signs in.
  if (!isRefusal(await guards(way, { ...asking, services: 'know everything' }))) return 'object'
  if (each.kind !== 'key') return 'disagreement'
  const person = principalOf({ ...each, kind: 'person' }, 'shown', clock)
  return isRefusal(await guards(way, { ...asking, principal: person })) ? 'disagreement' : 'in person'
}
