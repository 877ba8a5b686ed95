/** The plan's rewrites: of answers as they are taken in, and of representations before they are sent. */
import type { FetchNodePathSegment, FetchRewrite, KeyRenamer, ValueSetter } from '@graphql-hive/router-query-planner'
import type { Intake, Slot } from './intake.ts'
import type { Supergraph } from './supergraph.ts'
import { isTree, ownValue, type Tree } from './tree.ts'

type PossibleTypes = Supergraph['possibleTypes']
type Types = ReadonlySet<string>

/** Changes a representation in place. */
export type RepresentationRewrite = (representation: Tree) => void

const renamerOf = (rewrite: FetchRewrite): KeyRenamer | undefined =>
  'KeyRenamer' in rewrite ? rewrite.KeyRenamer : undefined

function setterOf(rewrite: FetchRewrite): ValueSetter | undefined {
  if ('ValueSetter' in rewrite) return rewrite.ValueSetter
  return 'setValueTo' in rewrite ? rewrite : undefined
}

const typesOf = (names: readonly string[], possibleTypes: PossibleTypes): Types =>
  new Set(names.flatMap((name) => [...possibleTypes(name)]))

/** Bends the intake of a fetch so that its answers arrive rewritten. */
export function rewriteIntake(intake: Intake, rewrites: readonly FetchRewrite[], possibleTypes: PossibleTypes): void {
  for (const rewrite of rewrites) {
    const path = (renamerOf(rewrite) ?? setterOf(rewrite))?.path ?? []
    const place = findPlace(intake, path, possibleTypes)
    if (place) bend(place, rewrite)
  }
}

interface Place {
  readonly intake: Intake
  readonly key: string
  readonly onlyFor: Types | undefined
}

function findPlace(root: Intake, path: readonly FetchNodePathSegment[], possible: PossibleTypes): Place | undefined {
  let intake: Intake | undefined = root
  let onlyFor: Types | undefined
  for (const [at, segment] of path.entries()) {
    if ('TypenameEquals' in segment) onlyFor = typesOf(segment.TypenameEquals, possible)
    else if (at === path.length - 1) return intake && { intake, key: segment.Key, onlyFor }
    else {
      intake = intake?.slots.find(({ target }) => target === segment.Key)?.child
      onlyFor = undefined
    }
  }
  return undefined
}

function bend({ intake, key, onlyFor }: Place, rewrite: FetchRewrite): void {
  const setter = setterOf(rewrite)
  if (setter) intake.overrides.push({ key, value: setter.setValueTo, onlyFor })
  const slot = intake.slots.find(({ source }) => source === key)
  const target = renamerOf(rewrite)?.renameKeyTo
  if (!slot || target === undefined) return
  const renamed: Slot = { ...slot, target, onlyFor }
  // The planner uses one internal alias for several types; each keeps its own slot.
  if (slot.target === slot.source) intake.slots.splice(intake.slots.indexOf(slot), 1, renamed)
  else intake.slots.push(renamed)
}

/** What the plan changes in a representation, as one function per rewrite. */
export function compileInputRewrites(
  rewrites: readonly FetchRewrite[],
  possibleTypes: PossibleTypes,
): readonly RepresentationRewrite[] {
  return rewrites.map((rewrite) => {
    const path = (renamerOf(rewrite) ?? setterOf(rewrite))?.path ?? []
    const value = setterOf(rewrite)?.setValueTo
    const renameTo = renamerOf(rewrite)?.renameKeyTo
    return atPath(path, possibleTypes, (object, key) => {
      if (value !== undefined) object[key] = value
      if (renameTo === undefined || renameTo === key) return
      object[renameTo] = object[key]
      delete object[key]
    })
  })
}

function atPath(
  path: readonly FetchNodePathSegment[],
  possibleTypes: PossibleTypes,
  change: (object: Tree, key: string) => void,
): RepresentationRewrite {
  const [segment, ...rest] = path
  if (!segment) return () => {}
  if ('TypenameEquals' in segment) {
    const types = typesOf(segment.TypenameEquals, possibleTypes)
    const below = atPath(rest, possibleTypes, change)
    return (object) => {
      if (typeof object.__typename !== 'string' || types.has(object.__typename)) below(object)
    }
  }
  if (rest.length === 0) {
    return (object) => {
      if (Object.hasOwn(object, segment.Key)) change(object, segment.Key)
    }
  }
  const below = atPath(rest, possibleTypes, change)
  return (object) => onEach(ownValue(object, segment.Key), below)
}

function onEach(value: unknown, change: RepresentationRewrite): void {
  if (Array.isArray(value)) for (const item of value) onEach(item, change)
  else if (isTree(value)) change(value)
}
