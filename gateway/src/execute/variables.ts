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

export function compileVariables({ variableDefinitions = [] }: OperationDefinitionNode, schema: GraphQLSchema) {
  if (variableDefinitions.length === 0) return () => noVariables
  return (variables: Values): CoercedVariables => {
    const { coerced } = getVariableValues(schema, variableDefinitions, variables, {
      maxErrors: 1,
      hideSuggestions: true,
    })
    return coerced ? { coerced } : { errors: faultsOf(variableDefinitions, variables, schema) }
  }
}

type Path = readonly (string | number)[]
/** Throws `enough` when no more is wanted. */
type Report = (definition: VariableDefinitionNode, path: Path, complaint: string) => void

const enough = new Error('enough')

/** The first few only: a request can hold a hundred thousand. */
function faultsOf(definitions: readonly VariableDefinitionNode[], variables: Values, schema: GraphQLSchema) {
  const faults: GraphQLError[] = []
  try {
    for (const each of definitions)
      judge(each, variables, schema, (definition, path, complaint) => {
        faults.push(badVariable(definition, path, complaint))
        if (faults.length === errorsMax) throw enough
      })
  } catch (thrown) {
    // A recursive input can be nested deeper than the stack is.
    if (thrown instanceof RangeError) return [tooDeep()]
    if (thrown !== enough) throw thrown
  }
  return faults
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

function badVariable(nodes: VariableDefinitionNode, path: Path, complaint: string): GraphQLError {
  const place = shorten(path.join('.'), messageMax)
  const reason = shorten(complaint, messageMax)
  const message = shorten(`Variable "$${place}": ${reason}`, messageMax)
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT', fields: { [place]: reason } } })
}
