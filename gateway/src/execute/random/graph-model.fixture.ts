/** A whole graph, and which subgraph knows what of it: from this the schemas are printed and the data is made. */

export interface FieldModel {
  readonly name: string
  /** As in SDL. */
  readonly type: string
  /** As in SDL, parentheses included; nothing when it takes none. */
  readonly takes: string
  /** More than one shares it. */
  readonly owners: readonly string[]
  /** Has a value of its type, or null where its type lets it: whatever else fails, others may require it. */
  readonly isSound: boolean
  /** What others must tell its subgraph first. */
  readonly requires?: string
  /** What its subgraph answers itself of the entity behind it. */
  readonly provides?: string
  /** The subgraph that had it before, and the label of a progressive override. */
  readonly override?: { readonly from: string; readonly label: string | undefined }
}

export interface EntityModel {
  readonly name: string
  readonly fields: readonly FieldModel[]
  /** By subgraph; only these know the entity. */
  readonly keys: Readonly<Record<string, readonly string[]>>
  /** By subgraph: the fields that it names and does not own. */
  readonly external: Readonly<Record<string, readonly FieldModel[]>>
}

export interface RootField {
  readonly name: string
  readonly type: string
  readonly takes: string
  readonly owners: readonly string[]
}

export interface GraphModel {
  readonly seed: number
  readonly subgraphs: readonly string[]
  readonly entities: readonly EntityModel[]
  readonly queries: readonly RootField[]
  readonly mutations: readonly RootField[]
  /** The parts of a type that has no key, by the subgraph that answers them. */
  readonly viewer: readonly RootField[]
  /** Fields that a subgraph adds to every Node without knowing what it is. */
  readonly ofEveryNode: readonly RootField[]
}

/** The subgraph of an interface object. */
export const stranger = 'z'
/** The subgraph that does not know every entity. */
export const outpost = 'o'

const idIn = /\bid\b/

export const knows = ({ keys }: EntityModel, subgraph: string): boolean => keys[subgraph] !== undefined

export const isIdentifiedBy = ({ keys }: EntityModel, subgraph: string): boolean =>
  keys[subgraph]?.some((key) => idIn.test(key)) ?? false

export const hasStranger = ({ ofEveryNode }: Pick<GraphModel, 'ofEveryNode'>): boolean => ofEveryNode.length > 0

/** The entities that a subgraph calls a Node. */
export function nodesIn(subgraph: string, entities: readonly EntityModel[], strange: boolean): readonly EntityModel[] {
  if (subgraph === outpost || (strange && subgraph !== 'a')) return []
  return entities.filter((entity) => isIdentifiedBy(entity, subgraph))
}

/** The entities that a subgraph's union has. */
export const anyIn = (subgraph: string, entities: readonly EntityModel[]): readonly EntityModel[] =>
  subgraph === outpost ? [] : entities.filter((entity) => knows(entity, subgraph))

/** `[Ant!]!` is of `Ant`. */
export const namedIn = (type: string): string => type.replace(/[[\]!]/g, '')
