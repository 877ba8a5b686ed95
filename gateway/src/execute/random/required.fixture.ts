/** A field that is made of what it requires: from the whole object, or from what a representation says. */
import { type FieldNode, Kind, parse, type SelectionSetNode, valueFromASTUntyped } from 'graphql'
import type { Thing } from '../federation.contract.ts'

/** Tells exactly what it was given, so that a wrong representation shows in the answer. */
export function readRequired(requires: string): (this: Thing) => string {
  const [definition] = parse(`{ ${requires} }`).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(requires)
  const { selectionSet } = definition
  return function (this: Thing) {
    return JSON.stringify(pick(selectionSet, this))
  }
}

function pick(set: SelectionSetNode, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => pick(set, item))
  if (value === null || typeof value !== 'object') return null
  const object = value as Thing // neither null nor a list
  return set.selections.map((field) => {
    if (field.kind !== Kind.FIELD) return null
    const found = read(object, field)
    return field.selectionSet ? pick(field.selectionSet, found) : (found ?? null)
  })
}

/** A method where the object is at home, a plain value in a representation. */
function read(object: Thing, { name, arguments: given = [] }: FieldNode): unknown {
  const value = object[name.value]
  if (typeof value !== 'function') return value
  return value.call(object, Object.fromEntries(given.map((one) => [one.name.value, valueFromASTUntyped(one.value)])))
}
