/** Which fields of an operation a caller may not ask, where those are withheld instead of the whole being refused. */
import type { Problem } from '@latchkey/problem'
import type { AccessRequirement } from '@latchkey/subgraph/access-requirements'
import type { Footprint } from '@latchkey/subgraph/coordinates'
import type { Withheld } from '../withheld.ts'
import { type Asking, judgeRequirement } from './access-verdict.ts'

export type FieldFilter = (operation: Footprint, asking: Asking) => Withheld

/** Fields that ask the same. */
interface Group {
  readonly requirement: AccessRequirement
  readonly coordinates: Set<string>
}

/** Fields that ask the same are found once for an operation, and judged once for a request. */
export function createFieldFilter(requirementOf: (type: string, field: string) => AccessRequirement): FieldFilter {
  const found = new WeakMap<Footprint, readonly Group[]>()
  const groupsOf = (operation: Footprint): readonly Group[] => {
    const known = found.get(operation) ?? group(operation, requirementOf)
    found.set(operation, known)
    return known
  }
  return (operation, asking) => {
    const refused = groupsOf(operation).flatMap(({ requirement, coordinates }, index) => {
      const verdict = judgeRequirement(requirement, asking)
      return verdict === true ? [] : [{ verdict, coordinates, sign: `${index}${signOf(verdict)}` }]
    })
    return {
      key: refused.map(({ sign }) => sign).join(),
      reasonFor: (coordinate) => refused.find(({ coordinates }) => coordinates.has(coordinate))?.verdict,
    }
  }
}

/** Whatever the client is told of it that the requirement does not say already. */
const signOf = ({ code, facts }: Problem): string => `${code}${facts.reason ?? ''}`

function group(
  { coordinates }: Footprint,
  requirementOf: (type: string, field: string) => AccessRequirement,
): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const coordinate of coordinates) {
    const [, type, field] = /^(\w+)\.(\w+)$/.exec(coordinate) ?? []
    if (type === undefined || field === undefined) continue // an argument
    const requirement = requirementOf(type, field)
    const text = JSON.stringify(requirement)
    if (text === nothingAsked) continue
    const known = groups.get(text) ?? { requirement, coordinates: new Set() }
    known.coordinates.add(coordinate)
    groups.set(text, known)
  }
  return [...groups.values()]
}

const nothingAsked = JSON.stringify({
  ...{ signedIn: false, scopes: [], policies: [], assurance: null },
} satisfies AccessRequirement)
