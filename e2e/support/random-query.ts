/** Random queries of a schema: valid, and without arguments. */
import { type GraphQLCompositeType, type GraphQLSchema, getNamedType, isCompositeType, isUnionType } from 'graphql'

/** Mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const depthMax = 3

export function writeQuery(schema: GraphQLSchema, random: () => number): string {
  let aliases = 0
  const set = (type: GraphQLCompositeType, depth: number): string =>
    `{ ${Array.from({ length: 1 + Math.floor(random() * 2) }, () => field(type, depth)).join(' ')} }`
  const field = (type: GraphQLCompositeType, depth: number): string => {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields())
    const open = fields.filter(
      ({ args, type: answer }) =>
        args.every((argument) => !`${argument.type}`.endsWith('!')) &&
        (depth > 0 || !isCompositeType(getNamedType(answer))),
    )
    const chosen = open[Math.floor(random() * open.length)]
    if (!chosen) return '__typename'
    const named = getNamedType(chosen.type)
    return `a${aliases++}: ${chosen.name}${isCompositeType(named) ? ` ${set(named, depth - 1)}` : ''}`
  }
  const root = schema.getQueryType()
  return root ? set(root, depthMax) : '{ __typename }'
}
