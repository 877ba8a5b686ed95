/** Which scopes each field of a composed graph asks for. */
import { type AccessRule, readAccessMap } from '@latchkey/subgraph/access-map'

/** Of each member one set must be held whole. */
export type Requirement = readonly (readonly (readonly string[])[])[]

/** By `Type.field`; what is not there asks for none. */
export type ScopeRequirements = ReadonlyMap<string, Requirement>

/** A field asks for what it says itself, and what its type and the type of its answer say. Throws when the text is no supergraph. */
export function scopeRequirementsIn(supergraphSdl: string): ScopeRequirements {
  const { types } = readAccessMap(supergraphSdl)
  const found = new Map<string, Requirement>()
  for (const [name, { rules, fields }] of types)
    for (const [field, { rules: own, type }] of fields) {
      const asked = setsOf([...own, ...rules, ...(types.get(type)?.rules ?? [])])
      if (asked.length > 0) found.set(`${name}.${field}`, asked)
    }
  return found
}

const setsOf = (rules: readonly AccessRule[]): Requirement =>
  rules.flatMap(({ scopeSets }) => (scopeSets ? [scopeSets] : []))
