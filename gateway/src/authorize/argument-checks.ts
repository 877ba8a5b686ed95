/** Arguments that an access list confines to values, wherever an operation asks for their fields. */
import type { AccessList } from '@latchkey/principal/access-list'
import { judgeOneOf } from '@latchkey/subgraph/argument-values'
import type { FieldUse, Footprint } from '@latchkey/subgraph/coordinates'
import { Kind, type ValueNode, valueFromAST, visit } from 'graphql'

export type Values = Readonly<Record<string, unknown>>

/** One argument at one place of an operation. */
export interface ArgumentCheck {
  /** `Type.field(argument:)` */
  readonly coordinate: string
  /** The variables that its value is made of. */
  readonly names: readonly string[]
  /** Needs the coerced variables. */
  readonly isAllowed: (variables: Values) => boolean
}

interface Confined {
  readonly coordinate: string
  /** `Type.field` */
  readonly field: string
  readonly argument: string
  readonly written: readonly string[]
}

export function checksOf({ constants = {} }: AccessList, { uses }: Footprint): readonly ArgumentCheck[] {
  const confined = Object.entries(constants).map(readConfined)
  return uses.flatMap((use) =>
    confined.filter(({ field }) => use.coordinates.includes(field)).map((argument) => checkOf(use, argument)),
  )
}

const readConfined = ([coordinate, written]: [string, readonly string[]]): Confined => ({
  coordinate,
  field: coordinate.slice(0, coordinate.indexOf('(')),
  argument: coordinate.slice(coordinate.indexOf('(') + 1, coordinate.lastIndexOf(':')),
  written,
})

const never = () => false

/** An argument that is left out is none of the values, whatever its default is. */
function checkOf({ field, given }: FieldUse, { coordinate, argument, written }: Confined): ArgumentCheck {
  const node = given.find(({ name }) => name.value === argument)?.value
  const type = field.args.find(({ name }) => name === argument)?.type
  if (!node || !type) return { coordinate, names: [], isAllowed: never }
  const { names, isExact } = read(node)
  if (!isExact) return { coordinate, names: [], isAllowed: never }
  const isOneOf = judgeOneOf(type, written)
  return { coordinate, names, isAllowed: (variables) => isOneOf(valueFromAST(node, type, variables)) }
}

/** A number that JavaScript writes otherwise is perhaps not the one that the subgraph reads. */
function read(value: ValueNode): { readonly names: readonly string[]; readonly isExact: boolean } {
  const names = new Set<string>()
  let inexact = 0
  const number = ({ value }: { readonly value: string }) => {
    if (String(Number(value)) !== value) inexact++
  }
  visit(value, {
    [Kind.VARIABLE]: ({ name }) => void names.add(name.value),
    [Kind.INT]: number,
    [Kind.FLOAT]: number,
  })
  return { names: [...names], isExact: inexact === 0 }
}
