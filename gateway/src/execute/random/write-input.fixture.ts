/** Arguments and variables by chance: literals, defaults, values that are coerced, and nothing at all. */
import {
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  parseValue,
  valueFromASTUntyped,
} from 'graphql'
import type { Thing } from '../federation.contract.ts'
import type { Chance } from './chance.fixture.ts'

export interface Inputs {
  /** As it stands in the operation: a literal or a variable. */
  value(type: GraphQLInputType): string
  /** What @skip and @include take. */
  condition(): string
  readonly declarations: readonly string[]
  readonly variables: Thing
}

const inputDepthMax = 3

export function createInputs(chance: Chance, ids: readonly string[]): Inputs {
  const declarations: string[] = []
  const variables: Thing = {}
  const known: { readonly name: string; readonly type: string }[] = []

  const scalars: Readonly<Record<string, readonly string[]>> = {
    Int: ['0', '1', '2', '7'],
    Float: ['1', '0.5'],
    String: ['"x"', '""', '"ä\\n"'],
    Boolean: ['true', 'false'],
    ID: [...ids.map((id) => `"${id}"`), '"nobody"', '1'],
  }

  function literal(type: GraphQLInputType, depth: number): string {
    if (isNonNullType(type)) return whole(type.ofType, depth)
    return chance.is(0.1) ? 'null' : whole(type, depth)
  }

  function whole(type: GraphQLInputType, depth: number): string {
    if (isNonNullType(type)) return whole(type.ofType, depth)
    // One value where a list is wanted is a list of one.
    if (isListType(type))
      return chance.is(0.2)
        ? whole(type.ofType, depth)
        : `[${Array.from({ length: chance.between(0, 2) }, () => literal(type.ofType, depth)).join(', ')}]`
    if (isEnumType(type)) return chance.among(type.getValues()).name
    if (!isInputObjectType(type)) return chance.among(scalars[type.name] ?? ['"custom"', '5', '[1, {a: null}]'])
    const fields = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) || (depth > 0 && chance.is(0.5)),
    )
    return `{${fields.map((field) => `${field.name}: ${literal(field.type, depth - 1)}`).join(', ')}}`
  }

  function declare(type: GraphQLInputType): string {
    const name = `v${declarations.length}`
    const hasDefault = chance.is(0.4)
    declarations.push(`$${name}: ${type}${hasDefault ? ` = ${literal(type, 1)}` : ''}`)
    const isNeeded = isNonNullType(type) && !hasDefault
    if (isNeeded || chance.is(0.6)) variables[name] = plain(literal(type, inputDepthMax))
    known.push({ name, type: `${type}` })
    return `$${name}`
  }

  function variable(type: GraphQLInputType): string {
    const fitting = known.filter((one) => one.type === `${type}`)
    return fitting.length > 0 && chance.is(0.5) ? `$${chance.among(fitting).name}` : declare(type)
  }

  function condition(): string {
    if (chance.is(0.2)) return chance.among(['true', 'false'])
    const name = chance.among(['yes', 'no', 'maybe'])
    if (!known.some((one) => one.name === name)) {
      known.push({ name, type: 'condition' })
      declarations.push(`$${name}: Boolean!${name === 'maybe' ? ' = true' : ''}`)
      if (name !== 'maybe' || chance.is(0.5)) variables[name] = name === 'yes'
    }
    return `$${name}`
  }

  return {
    value: (type) => (chance.is(0.4) ? variable(type) : literal(type, inputDepthMax)),
    condition,
    declarations,
    variables,
  }
}

const plain = (text: string): unknown => JSON.parse(JSON.stringify(valueFromASTUntyped(parseValue(text))))
