/** One projection under way: where it is, and the errors it met. */
import type { Problem } from '@latchkey/problem'
import { GraphQLError } from 'graphql'
import { explain } from './explained.ts'
import type { Fault, Faults } from './faults.ts'
import type { IntrospectionAnswer } from './introspect.ts'
import type { RunRequest } from './run.ts'
import type { Path, Tree } from './tree.ts'
import type { Watch } from './watched.ts'

export interface Projecting {
  readonly variables: Readonly<Record<string, unknown>>
  /** The path so far: `path[0]` to `path[depth - 1]`. */
  readonly path: (string | number)[]
  depth: number
  readonly errors: GraphQLError[]
  readonly watch: Watch | undefined
  /** The schema that introspection answers with, when it is not the engine's own. */
  readonly view: RunRequest['view']
  /** True, and reported, when the field is missing because the fetch for it or a field beside it failed. */
  isMissing(parent: Tree, key: string): boolean
  /** A null where none may be; told only when no other error explains it. */
  reportNull(coordinate: string): void
  /** As `reportNull`, for what no subgraph answered: an error beside it explains it too, which left one of them without the object. */
  reportAbsent(coordinate: string): void
  /** Whether an error tells already why there is no value at this place, or around it. */
  isExplained(where: 'here' | 'around'): boolean
  reportShape(expected: string, coordinate: string): undefined
  /** Why the caller is not given what is here. */
  reportWithheld(reason: Problem): void
  /** Takes over what introspection answered, its errors included. */
  include(answer: IntrospectionAnswer): unknown
}

export function startProjecting(
  variables: Readonly<Record<string, unknown>>,
  faults: Faults | undefined,
  located: readonly GraphQLError[],
  { watch, view }: Pick<RunRequest, 'watch' | 'view'>,
): Projecting {
  let explained: ((path: Path) => boolean) | undefined
  const here = (): Path => at.path.slice(0, at.depth)
  const isToldAt = (path: Path): boolean => {
    if (located.length === 0) return false
    explained ??= explain(located.map((error) => error.path ?? []))
    return explained(path)
  }
  const reportUnless = (isKnown: boolean, coordinate: string) => {
    if (!isKnown) report(`Cannot return null for non-nullable field ${coordinate}.`)
  }
  const report = (message: string) => at.errors.push(new GraphQLError(message, { path: here() }))
  const at: Projecting = {
    variables,
    path: [],
    depth: 0,
    errors: [...located],
    watch,
    view,
    isMissing(parent, key) {
      const fault = faults?.missing.get(parent)?.get(key)
      if (fault && !fault.isTold) at.errors.push(errorOf(fault, here()))
      return fault !== undefined
    },
    reportNull: (coordinate) => reportUnless(isToldAt(here()), coordinate),
    reportAbsent: (coordinate) => reportUnless(at.isExplained('around'), coordinate),
    isExplained: (where) => isToldAt(where === 'here' ? here() : here().slice(0, -1)),
    reportShape(expected, coordinate) {
      report(`A subgraph did not answer ${expected} for ${coordinate}.`)
      return undefined
    },
    reportWithheld(reason) {
      const { message, extensions } = reason
      at.errors.push(errorOf({ message, extensions, cause: reason }, here()))
    },
    include({ value, errors }) {
      for (const { message, path = [] } of errors)
        at.errors.push(new GraphQLError(message, { path: [...here().slice(0, -1), ...path] }))
      return value
    },
  }
  return at
}

/** The error a client sees; what was thrown stays with it for the log. */
export const errorOf = ({ message, extensions, cause }: Fault, path: Path | undefined): GraphQLError =>
  new GraphQLError(message, { path, extensions: extensions ?? null, originalError: cause })
