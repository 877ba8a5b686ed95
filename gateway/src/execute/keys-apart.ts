/** Keys that would stand for more than one field: valid under types that exclude each other, or beside what a subgraph requires. */
import { type DocumentNode, type FieldNode, print, visit } from 'graphql'
import type { Supergraph } from './supergraph.ts'

export type KeyOf = (node: FieldNode) => string

/** As `keyOf`, but never the key under which a subgraph's `@requires` reads the same field with other arguments. */
export const apartFromRequired =
  (requiredAs: Supergraph['requiredAs'], keyOf: KeyOf): KeyOf =>
  (node) => {
    const required = requiredAs(node.name.value)
    const isOther = required === 'with arguments' || (required === 'plain' && (node.arguments?.length ?? 0) > 0)
    return isOther ? `_own_${keyOf(node)}` : keyOf(node)
  }

/**
 * As `keyOf`, but never the same key for different fields, or for one field with different arguments. Such selections may meet
 * in one fetch, of an entity that two types lead to, and there they would be one.
 */
export function keepApart(document: DocumentNode, keyOf: KeyOf): KeyOf {
  const fields = new Map<string, string[]>()
  visit(document, {
    Field(node) {
      const known = fields.get(keyOf(node)) ?? []
      const field = fieldOf(node)
      if (!known.includes(field)) fields.set(keyOf(node), [...known, field])
    },
  })
  const contested = new Map([...fields].filter(([, known]) => known.length > 1))
  if (contested.size === 0) return keyOf
  return (node) => {
    const key = keyOf(node)
    const at = contested.get(key)?.indexOf(fieldOf(node)) ?? -1
    return at === -1 ? key : `_apart_${at}_${key}`
  }
}

/** What is asked for, as text. */
const fieldOf = ({ name, arguments: given = [] }: FieldNode): string =>
  given.length === 0
    ? name.value
    : `${name.value}(${given
        .map((one) => print(one))
        .sort()
        .join()})`
