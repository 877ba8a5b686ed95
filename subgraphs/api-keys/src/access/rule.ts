/** A rule of an access list: which coordinates of the schema it names. Pure. */
import { parseConstValue, print } from 'graphql'

export type AccessRule =
  /** `Order.*` */
  | { readonly kind: 'type'; readonly type: string }
  /** `Query.orders`: with whatever arguments it has. */
  | { readonly kind: 'field'; readonly type: string; readonly field: string }
  /** `Query.orders()`: without any. */
  | { readonly kind: 'bare'; readonly type: string; readonly field: string }
  /** `Query.orders(customerId:)` */
  | { readonly kind: 'argument'; readonly type: string; readonly field: string; readonly argument: string }
  /** `Query.orders(customerId: "c1")`: the argument must be given, and be this. */
  | ValueRule

export interface ValueRule {
  readonly kind: 'value'
  readonly type: string
  readonly field: string
  readonly argument: string
  /** As GraphQL writes it. */
  readonly value: string
}

const form = /^([A-Za-z_]\w*)\.(?:(\*)|([A-Za-z_]\w*)(?:(\(\s*\))|\(\s*([A-Za-z_]\w*)\s*:\s*(.*?)\s*\))?)$/s

/** `null` when it is no rule. Whoever hands it a text that a stranger wrote has bounded its length. */
export function parseAccessRule(text: string): AccessRule | null {
  const [, type, star, field, bare, argument, written] = form.exec(text.trim()) ?? []
  if (type === undefined) return null
  if (star) return { kind: 'type', type }
  if (field === undefined) return null
  if (bare) return { kind: 'bare', type, field }
  if (argument === undefined) return { kind: 'field', type, field }
  if (!written) return { kind: 'argument', type, field, argument }
  const value = readValue(written)
  return value === null ? null : { kind: 'value', type, field, argument, value }
}

function readValue(written: string): string | null {
  try {
    return print(parseConstValue(written, { noLocation: true }))
  } catch {
    return null
  }
}

/** As it is kept and shown. */
export function writeRule(rule: AccessRule): string {
  switch (rule.kind) {
    case 'type':
      return `${rule.type}.*`
    case 'field':
      return fieldOf(rule)
    case 'bare':
      return `${fieldOf(rule)}()`
    case 'argument':
      return argumentOf(rule)
    case 'value':
      return `${fieldOf(rule)}(${rule.argument}: ${rule.value})`
  }
}

interface FieldName {
  readonly type: string
  readonly field: string
}

/** `Query.orders` */
export const fieldOf = ({ type, field }: FieldName): string => `${type}.${field}`

/** `Query.orders(customerId:)` */
export const argumentOf = ({ argument, ...field }: FieldName & { readonly argument: string }): string =>
  `${fieldOf(field)}(${argument}:)`
