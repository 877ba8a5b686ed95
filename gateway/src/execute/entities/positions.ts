/** Where in the tree the entities are that a fetch is for. */
import type { FlattenNodePathSegment } from '@graphql-hive/router-query-planner'
import type { Supergraph } from '../supergraph.ts'
import { isInherited, isTree, ownValue, type Path, type Tree } from '../tree.ts'

type Step =
  | { readonly kind: 'field'; readonly key: string; readonly inherited: boolean }
  | { readonly kind: 'type'; readonly types: ReadonlySet<string> }

/** A plan's path, ready to be walked. Lists are entered wherever they are met, however deep they nest. */
export type Route = readonly Step[]

export function compileRoute(
  path: readonly FlattenNodePathSegment[],
  possibleTypes: Supergraph['possibleTypes'],
): Route {
  const steps: Step[] = []
  for (const segment of path) {
    if (segment === '@') continue
    if ('Field' in segment) steps.push({ kind: 'field', key: segment.Field, inherited: isInherited(segment.Field) })
    else steps.push({ kind: 'type', types: new Set(segment.TypeCondition.flatMap((name) => [...possibleTypes(name)])) })
  }
  return steps
}

/** Adds the objects at the end of the route to `found`, in the order of the answer. */
export function collect(value: unknown, route: Route, at: number, found: Tree[]): void {
  if (Array.isArray(value)) {
    for (let item = 0; item < value.length; item++) collect(value[item], route, at, found)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const object = value as Tree // neither null nor a list
  const step = route[at]
  if (step === undefined) found.push(object)
  else if (step.kind === 'field')
    collect(step.inherited ? ownValue(object, step.key) : object[step.key], route, at + 1, found)
  else if (passes(step.types, object)) collect(object, route, at + 1, found)
}

const passes = (types: ReadonlySet<string>, object: Tree): boolean =>
  typeof object.__typename !== 'string' || types.has(object.__typename)

/** The paths of these objects; asked only when something went wrong at them. */
export function locate(root: Tree, routes: readonly Route[], wanted: ReadonlySet<Tree>): ReadonlyMap<Tree, Path> {
  const places = new Map<Tree, Path>()
  const walk = (value: unknown, route: Route, at: number, path: Path): void => {
    const step = route[at]
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walk(item, route, at, [...path, index])
    else if (!isTree(value)) return
    else if (step?.kind === 'field') walk(ownValue(value, step.key), route, at + 1, [...path, step.key])
    else if (step) walk(value, route, at + 1, path)
    else if (wanted.has(value)) places.set(value, path)
  }
  for (const route of routes) walk(root, route, 0, [])
  return places
}
