/** What a key is confined to, as its owner writes it: read part by part, and every part that is wrong is named. */
import type { Confinement } from '@latchkey/principal/confinement'
import type { PublicGraph } from '@latchkey/public-graph'
import {
  type AccessInput,
  type OperationsInput,
  type PersistedOperationsInput,
  readAccess,
  readOperations,
  readPersistedOperations,
} from '../access/read-access.ts'
import { type NetworksInput, readNetworks } from './networks.ts'
import { type OriginsInput, readOrigins } from './origins.ts'
import { type RateLimitsInput, readRateLimits } from './rate-limits.ts'
import { type ResourcesInput, readResources } from './resources.ts'
import { readUses, type UsesInput } from './uses.ts'

/** Left out, or null: it stays as it is. An empty list takes the limit away. */
export interface ConfinementInput
  extends ResourcesInput,
    NetworksInput,
    OriginsInput,
    AccessInput,
    OperationsInput,
    PersistedOperationsInput,
    RateLimitsInput,
    UsesInput {}

/** What one part becomes, or what is wrong with it by argument. */
export interface ReadPart {
  readonly part?: Confinement
  readonly faults?: Readonly<Record<string, string>>
}

/** Gives nothing for a part of which the input says nothing. */
type PartReader = (input: ConfinementInput, before: Confinement, context: ReadingContext) => ReadPart

export interface ReadingContext {
  /** What keys can be let ask. */
  readonly graph: PublicGraph
  readonly now: Date
}

const readers: readonly PartReader[] = [
  readResources,
  readNetworks,
  readOrigins,
  readAccess,
  readOperations,
  readPersistedOperations,
  readRateLimits,
  readUses,
]

/** `before`: what stays where nothing is said. */
export function readConfinement(input: ConfinementInput, before: Confinement, context: ReadingContext) {
  const read = readers.map((reader) => reader(input, before, context))
  const confinement: Confinement = Object.assign({}, before, ...read.map(({ part }) => part))
  const faults: Record<string, string> = Object.assign({}, ...read.map((each) => each.faults))
  return { confinement: withoutUndefined(confinement), faults }
}

const withoutUndefined = (confinement: Confinement): Confinement =>
  Object.fromEntries(Object.entries(confinement).filter(([, part]) => part !== undefined))
