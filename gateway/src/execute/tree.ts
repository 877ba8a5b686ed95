/** The tree of everything subgraphs answered to one operation: our own copy, which later fetches read and extend. */
import type { FieldNode } from 'graphql'

export type Tree = Record<string, unknown>
export type Path = readonly (string | number)[]

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys that every object seems to have; what is inherited was not answered. */
export const isInherited = (key: string): boolean => key in Object.prototype

/** What was answered under a key, never what an object inherits. */
export const ownValue = (object: Tree, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined)

const reserved = /^_/

/**
 * The key of a field in the tree. A client's alias may be the name of another field, which plans read under its own
 * name (keys, @requires), or one that federation reserves; such an alias gets another key until the answer is projected.
 */
export function treeKey(field: FieldNode, isFieldName: (name: string) => boolean): string {
  const name = field.name.value
  const alias = field.alias?.value
  if (name === '__typename' || alias === undefined || alias === name) return name
  return reserved.test(alias) || isFieldName(alias) || isInherited(alias) ? `_alias_${alias}` : alias
}
