/** What a key is confined to, as its owner writes it: read part by part, and every part that is wrong is named. */
import type { Confinement } from '@latchkey/principal/confinement'
import { type RateLimitsInput, readRateLimits } from './rate-limits.ts'
import { type ResourcesInput, readResources } from './resources.ts'
import { readUses, type UsesInput } from './uses.ts'

/** Left out, or null: it stays as it is. An empty list takes the limit away. */
export interface ConfinementInput extends ResourcesInput, RateLimitsInput, UsesInput {}

/** What one part becomes, or what is wrong with it by argument. */
export interface ReadPart {
  readonly part?: Confinement
  readonly faults?: Readonly<Record<string, string>>
}

/** What a part may depend on besides. */
export interface Reading {
  readonly now: Date
}

/** Gives nothing for a part of which the input says nothing. */
type PartReader = (input: ConfinementInput, before: Confinement, reading: Reading) => ReadPart

const readers: readonly PartReader[] = [readResources, readRateLimits, readUses]

/** `before`: what stays where nothing is said. */
export function readConfinement(input: ConfinementInput, before: Confinement, reading: Reading) {
  const read = readers.map((reader) => reader(input, before, reading))
  const confinement: Confinement = Object.assign({}, before, ...read.map(({ part }) => part))
  const faults: Record<string, string> = Object.assign({}, ...read.map((each) => each.faults))
  return { confinement: withoutUndefined(confinement), faults }
}

const withoutUndefined = (confinement: Confinement): Confinement =>
  Object.fromEntries(Object.entries(confinement).filter(([, part]) => part !== undefined))
