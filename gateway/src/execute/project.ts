/** From the tree to the answer: the client's fields in the client's order, nulls as the specification says (6.4.4). */
import type { Projecting } from './projecting.ts'
import { isTree, ownValue, type Path, type Tree } from './tree.ts'

/** The value for the client. `null`: there is none. `undefined`: it failed, and the failure has been reported. */
export type Completion = (value: unknown, at: Projecting) => unknown

export interface FieldProjection {
  /** Its key in the tree, and in the answer. */
  readonly source: string
  readonly key: string
  /** Keys that every object inherits are read and written with care. */
  readonly hazardous: boolean
  readonly nonNull: boolean
  /** As in `User.email`, for messages. */
  readonly coordinate: string
  readonly complete: Completion
  /** What is below, for an error's way to the client's path. */
  readonly below: Select | undefined
}

/** The projection of an object; of one that is null, the projection that has this key. */
export type Select = (value: unknown, key?: string) => ObjectProjection | undefined

/** A field that needs no subgraph. */
export interface LocalField {
  readonly key: string
  readonly hazardous: boolean
  readonly answer: (at: Projecting) => unknown
}

export interface ObjectProjection {
  readonly fields: readonly (FieldProjection | LocalField)[]
  /** Something is asked that depends on a type which nobody has said. */
  readonly lacksType?: true
  /** Tells whoever runs the operation of this object. */
  readonly tell?: (source: Tree, at: Projecting) => void
}

/** Gives the object for the client, or `undefined` when a field that must not be null is. */
export function projectObject({ fields, tell }: ObjectProjection, source: Tree, at: Projecting): unknown {
  tell?.(source, at)
  const answer: Tree = {}
  const depth = at.depth++
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] as FieldProjection | LocalField // within bounds
    at.path[depth] = field.key
    const value = 'answer' in field ? field.answer(at) : projectField(field, source, at)
    if (value === undefined) {
      at.depth = depth
      return undefined
    }
    if (field.hazardous) Object.defineProperty(answer, field.key, { value, enumerable: true, configurable: true })
    else answer[field.key] = value
  }
  at.depth = depth
  return answer
}

function projectField(field: FieldProjection, source: Tree, at: Projecting): unknown {
  const found = field.hazardous ? ownValue(source, field.source) : source[field.source]
  let value: unknown = null
  if (found !== null && found !== undefined) value = field.complete(found, at)
  else if (found === undefined && at.isMissing(source, field.source)) value = undefined
  if (value !== null && value !== undefined) return value
  if (!field.nonNull) return null
  if (found === undefined && value === null) at.reportAbsent(field.coordinate)
  else if (value === null) at.reportNull(field.coordinate)
  return undefined
}

/** Completes each item; `undefined` when one that must not be null is. */
export function completeList(complete: Completion, itemNonNull: boolean, coordinate: string): Completion {
  return (values, at) => {
    if (!Array.isArray(values)) return at.reportShape('a list', coordinate)
    const list: unknown[] = new Array(values.length)
    const depth = at.depth++
    for (let index = 0; index < values.length; index++) {
      at.path[depth] = index
      const found: unknown = values[index]
      const value = found === null || found === undefined ? null : complete(found, at)
      if (itemNonNull && (value === null || value === undefined)) {
        if (value === null) at.reportNull(coordinate)
        at.depth = depth
        return undefined
      }
      list[index] = value ?? null
    }
    at.depth = depth
    return list
  }
}

/** The client's path for a path in the tree, as far as the client asked for what is there. */
export function clientPath(root: ObjectProjection, tree: Tree, path: Path): Path {
  const translated: (string | number)[] = []
  let projection: ObjectProjection | undefined = root
  let below: Select | undefined
  let value: unknown = tree
  for (const segment of path) {
    if (typeof segment === 'string') {
      projection = below ? below(value, segment) : projection
      const field: FieldProjection | LocalField | undefined = projection?.fields.find(
        (one) => 'source' in one && one.source === segment,
      )
      if (!field || !('source' in field)) break
      translated.push(field.key)
      below = field.below ?? nothingBelow
      value = isTree(value) ? ownValue(value, segment) : undefined
    } else {
      translated.push(segment)
      value = Array.isArray(value) ? value[segment] : undefined
    }
  }
  return translated
}

const nothingBelow = (): undefined => undefined
