/** What a subgraph is told so that it can find an entity: built from what other subgraphs answered. */
import type { InputRewrite, RequiresSelection } from '@graphql-hive/router-query-planner'
import { Kind, type SelectionSetNode } from 'graphql'
import { compileInputRewrites } from '../rewrites.ts'
import type { Supergraph } from '../supergraph.ts'
import { isTree, ownValue, type Tree } from '../tree.ts'

/** Gives the representation of an object in the tree, or `undefined` when it has none for this subgraph. */
export type RepresentationBuilder = (entity: Tree) => Tree | undefined

interface Pick {
  readonly source: string
  readonly target: string
  readonly below: readonly Branch[] | undefined
}

/** Fields to pick from objects of some types. */
interface Branch {
  readonly types: ReadonlySet<string> | undefined
  readonly picks: readonly Pick[]
}

interface Recipe {
  readonly picks: readonly Pick[]
  /** One of these must be whole; an entity whose keys are null cannot be asked for. */
  readonly keys: readonly SelectionSetNode[]
}

export interface Requirement {
  readonly requires: readonly RequiresSelection[]
  readonly inputRewrites: readonly InputRewrite[]
  readonly subgraph: string
}

export function compileRepresentation(requirement: Requirement, supergraph: Supergraph): RepresentationBuilder {
  const { possibleTypes } = supergraph
  const branches = branchesOf(requirement.requires, supergraph)
  const rewrites = compileInputRewrites(requirement.inputRewrites, possibleTypes)
  const onlyType = soleType(requirement.requires)
  const recipes = new Map<string, Recipe>()
  const recipeFor = (typeName: string): Recipe => {
    const known = recipes.get(typeName)
    if (known) return known
    const recipe = recipeOf(typeName, branches, requirement, supergraph)
    // A type nobody knows came from a subgraph's answer: not worth remembering.
    if (recipe.picks.length > 0) recipes.set(typeName, recipe)
    return recipe
  }
  return (entity) => {
    const typeName = typeof entity.__typename === 'string' ? entity.__typename : onlyType
    if (typeName === undefined) return undefined
    const recipe = recipeFor(typeName)
    const representation: Tree = { __typename: typeName }
    fill(representation, recipe.picks, entity)
    if (!identifies(representation, recipe)) return undefined
    for (let at = 0; at < rewrites.length; at++) rewrites[at]?.(representation)
    return representation
  }
}

function soleType(requires: readonly RequiresSelection[]): string | undefined {
  const [only] = requires
  return requires.length === 1 && only?.kind === 'InlineFragment' ? only.typeCondition : undefined
}

function branchesOf(selections: readonly RequiresSelection[], supergraph: Supergraph): Branch[] {
  const picks: Pick[] = []
  const branches: Branch[] = [{ types: undefined, picks }]
  for (const selection of selections) {
    if (selection.kind === 'FragmentSpread') throw new Error('The plan carries a representation with a named fragment.')
    if (selection.kind === 'InlineFragment') {
      const types = supergraph.possibleTypes(selection.typeCondition)
      for (const inner of branchesOf(selection.selections, supergraph))
        if (inner.picks.length > 0) branches.push({ ...inner, types: narrower(types, inner.types) })
    } else if (selection.name !== '__typename') picks.push(pickOf(selection, supergraph))
  }
  return branches
}

function pickOf(field: Extract<RequiresSelection, { kind: 'Field' }>, supergraph: Supergraph): Pick {
  return {
    source: field.name,
    target: field.alias ?? field.name,
    below: field.selections?.length ? branchesOf(field.selections, supergraph) : undefined,
  }
}

const narrower = (outer: ReadonlySet<string>, inner: ReadonlySet<string> | undefined): ReadonlySet<string> =>
  inner === undefined ? outer : new Set([...inner].filter((name) => outer.has(name)))

function recipeOf(
  typeName: string,
  branches: readonly Branch[],
  { requires, subgraph }: Requirement,
  supergraph: Supergraph,
): Recipe {
  const picks = branches.filter(({ types }) => !types || types.has(typeName)).flatMap((branch) => branch.picks)
  const names = [typeName, ...requires.flatMap((one) => (one.kind === 'InlineFragment' ? [one.typeCondition] : []))]
  const picked = new Set(picks.map(({ target }) => target))
  const keys = names
    .filter((name) => supergraph.possibleTypes(name).has(typeName))
    .flatMap((name) => supergraph.keysOf(name, subgraph))
    .filter((key) => fieldsOf(key).every(({ name }) => picked.has(name.value)))
  return { picks, keys }
}

const fieldsOf = (set: SelectionSetNode) => set.selections.filter((selection) => selection.kind === Kind.FIELD)

function fill(target: Tree, picks: readonly Pick[], source: Tree): void {
  for (let at = 0; at < picks.length; at++) {
    const pick = picks[at] as Pick // within bounds
    const value = ownValue(source, pick.source) ?? null
    target[pick.target] = pick.below === undefined ? value : pickBelow(pick.below, value)
  }
}

function pickBelow(branches: readonly Branch[], value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => pickBelow(branches, item))
  if (!isTree(value)) return null
  const typeName = value.__typename
  const representation: Tree = typeof typeName === 'string' ? { __typename: typeName } : {}
  for (const { types, picks } of branches)
    if (!types || (typeof typeName === 'string' && types.has(typeName))) fill(representation, picks, value)
  return representation
}

function identifies(representation: Tree, { picks, keys }: Recipe): boolean {
  if (keys.length > 0) return keys.some((key) => isWhole(key, representation))
  return picks.some(({ target }) => representation[target] !== null)
}

/** True when no part of the key is null. */
function isWhole(key: SelectionSetNode, value: unknown): boolean {
  if (Array.isArray(value)) return value.every((item) => isWhole(key, item))
  if (!isTree(value)) return false
  return fieldsOf(key).every(({ name, selectionSet }) => {
    const part = ownValue(value, name.value)
    return selectionSet ? isWhole(selectionSet, part) : part !== null && part !== undefined
  })
}

/** The fields of an entity from which its representations are made. */
export const sourcesOf = (selections: readonly RequiresSelection[]): readonly string[] =>
  selections.flatMap((selection) => {
    if (selection.kind === 'FragmentSpread') return []
    return selection.kind === 'Field' ? [selection.name] : sourcesOf(selection.selections)
  })
