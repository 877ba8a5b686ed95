/** Writes operations of a schema by chance: fragments, aliases, conditions and variables wherever they may stand. */
import {
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isUnionType,
} from 'graphql'
import type { Thing } from '../federation.contract.ts'
import type { Chance } from './chance.fixture.ts'
import { createInputs } from './write-input.fixture.ts'

export interface WrittenOperation {
  readonly text: string
  readonly variables: Thing
}

const depthMax = 4
const fieldsMax = 40

/** `ids`: what an argument of type ID may be. Not every operation is valid: names are given as carelessly as clients might. */
export function writeOperation(schema: GraphQLSchema, chance: Chance, ids: readonly string[]): WrittenOperation {
  const mutation = schema.getMutationType()
  const root = mutation && chance.is(0.25) ? mutation : schema.getQueryType()
  if (!root) throw new Error('The schema has no Query.')
  const names = fieldNamesOf(schema)
  const inputs = createInputs(chance, ids)
  const fragments: { readonly name: string; readonly on: string; readonly text: string }[] = []
  let fields = 0

  const condition = (): string =>
    chance.is(0.12) ? ` @${chance.among(['skip', 'include'])}(if: ${inputs.condition()})` : ''

  function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
    const given = args.filter(({ type }) => `${type}`.endsWith('!') || chance.is(0.5))
    return given.length === 0 ? '' : `(${given.map(({ name, type }) => `${name}: ${inputs.value(type)}`).join(', ')})`
  }

  function field(type: GraphQLCompositeType, depth: number): string {
    fields++
    if (chance.is(0.1) || isUnionType(type)) return `${chance.is(0.3) ? 'kind: ' : ''}__typename${condition()}`
    const chosen = chance.among(Object.values(type.getFields()))
    const named = getNamedType(chosen.type)
    if (isCompositeType(named) && (depth === 0 || fields > fieldsMax)) return '__typename'
    const alias = chance.is(0.25) ? `${chance.among(names)}: ` : ''
    const below = isCompositeType(named) ? ` ${selection(named, depth - 1)}` : ''
    return `${alias}${chosen.name}${argumentsOf(chosen)}${condition()}${below}`
  }

  function narrower(type: GraphQLCompositeType): GraphQLCompositeType {
    const one = chance.among(isAbstractType(type) ? schema.getPossibleTypes(type) : [type])
    const abstract = Object.values(schema.getTypeMap()).filter((each) => isAbstractType(each))
    const above = abstract.filter((each) => schema.isSubType(each, one))
    return above.length > 0 && chance.is(0.25) ? chance.among(above) : one
  }

  function fragment(type: GraphQLCompositeType, depth: number): string {
    if (chance.is(0.1)) return `...${condition()} ${selection(type, depth)}`
    const target = narrower(type)
    const known = fragments.filter(({ on }) => on === target.name)
    if (known.length > 0 && chance.is(0.4)) return `...${chance.among(known).name}${condition()}`
    const text = selection(target, depth)
    if (chance.is(0.7)) return `... on ${target.name}${condition()} ${text}`
    const name = `F${fragments.length}`
    fragments.push({ name, on: target.name, text: `fragment ${name} on ${target.name} ${text}` })
    return `...${name}${condition()}`
  }

  function selection(type: GraphQLCompositeType, depth: number): string {
    const parts = Array.from({ length: chance.between(1, 4) }, () =>
      depth > 0 && chance.is(isAbstractType(type) ? 0.5 : 0.15) ? fragment(type, depth - 1) : field(type, depth),
    )
    return `{ ${parts.join(' ')} }`
  }

  const body = selection(root, depthMax)
  const declared = inputs.declarations.length > 0 ? ` (${inputs.declarations.join(', ')})` : ''
  const text = [`${root === mutation ? 'mutation' : 'query'}${declared} ${body}`, ...fragments.map((one) => one.text)]
  return { text: text.join('\n'), variables: inputs.variables }
}

/** What aliases are taken from: names that mean something else are the dangerous ones. */
function fieldNamesOf(schema: GraphQLSchema): readonly string[] {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
  const names = types.flatMap((type) => ('getFields' in type ? Object.keys(type.getFields()) : []))
  return ['a', 'b', '_entities', 'constructor', ...new Set(names)]
}
