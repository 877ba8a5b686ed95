/** The variables of an operation, coerced; what does not fit is named by its place and never repeated. */
import {
  coerceInputValue,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql'
import { shorten } from '../protocol-error.ts'

export type Values = Readonly<Record<string, unknown>>
/** The errors have the code BAD_USER_INPUT and the wrong places in `fields`. */
export type CoercedVariables = { readonly coerced: Values } | { readonly errors: readonly GraphQLError[] }

const errorsMax = 5
const messageMax = 200

const noVariables: CoercedVariables = { coerced: Object.freeze({}) }

/** How much is told of variables that do not fit. `closed`: where they do not, and no name or type that was not asked for. */
export type FaultDetails = 'open' | 'closed'

export function compileVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  schema: GraphQLSchema,
  details: FaultDetails,
) {
  if (variableDefinitions.length === 0) return () => noVariables
  return (variables: Values): CoercedVariables => {
    const { coerced } = getVariableValues(schema, variableDefinitions, variables, {
      maxErrors: 1,
      hideSuggestions: true,
    })
    return coerced ? { coerced } : { errors: faultsOf(variableDefinitions, variables, { schema, details }) }
  }
}

type Path = readonly (string | number)[]
/** Throws `enough` when no more is wanted. */
type Report = (definition: VariableDefinitionNode, path: Path, complaint: string) => void

const enough = new Error('enough')

interface Judging {
  readonly schema: GraphQLSchema
  readonly details: FaultDetails
}

/** The first few only: a request can hold a hundred thousand. */
function faultsOf(definitions: readonly VariableDefinitionNode[], variables: Values, judging: Judging) {
  const faults = new Map<string, GraphQLError>()
  const word = judging.details === 'open' ? asItIs : discreetly
  try {
    for (const each of definitions)
      judge(each, variables, judging.schema, (definition, path, complaint) => {
        const fault = word(path, complaint)
        faults.set(fault.name, badVariable(definition, fault))
        if (faults.size === errorsMax) throw enough
      })
  } catch (thrown) {
    // A recursive input can be nested deeper than the stack is.
    if (thrown instanceof RangeError) return [tooDeep()]
    if (thrown !== enough) throw thrown
  }
  return [...faults.values()]
}

const tooDeep = () =>
  new GraphQLError('The variables are nested too deeply.', { extensions: { code: 'BAD_USER_INPUT' } })

function judge(definition: VariableDefinitionNode, variables: Values, schema: GraphQLSchema, report: Report): void {
  const name = definition.variable.name.value
  const type = typeFromAST(schema, definition.type)
  if (!isInputType(type)) report(definition, [name], 'Expected an input type.')
  else if (Object.hasOwn(variables, name)) {
    const reportWithin = (path: Path, _value: unknown, { message }: GraphQLError) =>
      report(definition, [name, ...path], withoutValue(message))
    coerceInputValue(variables[name], type, reportWithin, true)
  } else if (!definition.defaultValue && isNonNullType(type))
    report(definition, [name], `A value of the required type "${type}" was not provided.`)
}

/** A leaf's complaint repeats the value: after a colon, or as the value an enum does not have. */
const withoutValue = (complaint: string): string =>
  complaint.replace(/^Value ".*" does not exist/s, 'The value does not exist').replace(/: .*/s, '.')

/** What is wrong, where, and the name that tells it from others. */
interface Fault {
  readonly name: string
  readonly place: string
  readonly reason: string
}

function asItIs(path: Path, complaint: string): Fault {
  const place = placeOf(path)
  return { name: `${place} ${complaint}`, place, reason: shorten(complaint, messageMax) }
}

/**
 * One wording for all of them, and each place once: a field that is not there reads like one whose value does not fit, and of what
 * an object lacks it tells nothing but that it does not fit.
 */
function discreetly(path: Path, complaint: string): Fault {
  const unknown = /^Field "([^"]*)" is not defined by type/.exec(complaint)?.[1]
  const place = placeOf(unknown === undefined ? path : [...path, unknown])
  return { name: place, place, reason: 'Does not fit the schema.' }
}

const placeOf = (path: Path) => shorten(path.join('.'), messageMax)

function badVariable(nodes: VariableDefinitionNode, { place, reason }: Fault): GraphQLError {
  const message = shorten(`Variable "$${place}": ${reason}`, messageMax)
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT', fields: { [place]: reason } } })
}
