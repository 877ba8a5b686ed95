/** Values that an argument is confined to: written as GraphQL, compared as coerced values. */
import {
  coerceInputValue,
  type GraphQLInputType,
  getNullableType,
  isListType,
  parseConstValue,
  valueFromAST,
  valueFromASTUntyped,
} from 'graphql'

/** Whether a value, coerced to the type of its argument, is one of those that were written. */
export type ValueJudge = (value: unknown) => boolean

/**
 * Of a list every member must be one of them, and there must be one: to many a resolver an empty list means all. `null` is none
 * of them, and neither is what does not fit the type.
 */
export function judgeOneOf(type: GraphQLInputType, written: readonly string[]): ValueJudge {
  const wanted = getNullableType(type)
  const allowed = written.map((text) => coerced(text, wanted)).filter((value) => value !== undefined && value !== null)
  const isMember = isListType(wanted) ? judgeOneOf(wanted.ofType, written) : null
  return (value) =>
    allowed.some((one) => isSame(one, value)) ||
    (isMember !== null && Array.isArray(value) && value.length > 0 && value.every(isMember))
}

/** Whether an argument of the type can have the value, or a member of it where it is a list. */
export function fitsArgument(type: GraphQLInputType, written: string): boolean {
  const wanted = getNullableType(type)
  const value = coerced(written, wanted)
  return (value !== undefined && value !== null) || (isListType(wanted) && fitsArgument(wanted.ofType, written))
}

/** `undefined` where it does not fit. A field that the type does not have must not be passed over: without it, it would fit more. */
function coerced(written: string, type: GraphQLInputType): unknown {
  const node = parseConstValue(written)
  let fit: 'whole' | 'not' = 'whole'
  coerceInputValue(valueFromASTUntyped(node), type, () => {
    fit = 'not'
  })
  return fit === 'whole' ? valueFromAST(node, type) : undefined
}

/** By value: objects that graphql-js makes of a literal have no prototype, those it makes of variables have one. */
function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) || Array.isArray(other))
    return Array.isArray(one) && Array.isArray(other) && isSame({ ...one }, { ...other })
  if (!isObject(one) || !isObject(other)) return one === other
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  )
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null
