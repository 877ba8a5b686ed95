/** What an operation is validated by, and how much a refusal tells of the schema. */
import {
  type ASTNode,
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  GraphQLError,
  getNamedType,
  isLeafType,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownTypeNamesRule,
  NoSchemaIntrospectionCustomRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  print,
  ScalarLeafsRule,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
} from 'graphql'
import type { IntrospectionMode } from './introspection/mode.ts'

/** `closed`: no refusal tells a name or a type that was not asked for. */
export type SchemaDetails = 'open' | 'closed'

/** The rules that look at the schema. The others speak of the document alone. */
const rulesOfTheSchema: ReadonlySet<ValidationRule> = new Set([
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownTypeNamesRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
])

/** Tells of the field, whichever of the two is wrong: where a refusal points would tell them apart. */
const leavesRule: ValidationRule = (context) => ({
  Field(node) {
    const type = context.getType()
    if (type && isLeafType(getNamedType(type)) === (node.selectionSet !== undefined))
      context.reportError(new GraphQLError('', { nodes: [node] }))
  },
})

const discreetRules: readonly ValidationRule[] = specifiedRules.map((rule) => {
  if (rule === ScalarLeafsRule) return discreet(leavesRule)
  return rulesOfTheSchema.has(rule) ? discreet(rule) : rule
})

const told = new WeakMap<ValidationContext, Set<ASTNode>>()

/** A field that lacks two things is there; told twice, that could be counted. */
function isToldAlready(context: ValidationContext, node: ASTNode): boolean {
  const nodes = told.get(context) ?? new Set()
  told.set(context, nodes)
  return nodes.size === nodes.add(node).size
}

/** One wording for all of them: an unknown field reads like one that lacks its selection. Where it is stays. */
function discreet(rule: ValidationRule): ValidationRule {
  return (context: ValidationContext) => {
    const reportError = ({ nodes = [] }: GraphQLError) => {
      const [first] = nodes
      if (!first || isToldAlready(context, first)) return
      const name = 'name' in first ? first.name?.value : undefined
      const what = name === undefined ? 'This' : `"${name}"`
      context.reportError(new GraphQLError(`${what} does not fit the schema.`, { nodes: [first] }))
    }
    return rule(Object.create(context, { reportError: { value: reportError } }))
  }
}

/** Shorter than this a value is found in any message. */
const tellingLength = 4

/** Of a name where the schema has names to choose from, it helps to be told which one is wrong. */
const isChoice = ({ message }: GraphQLError) => message.startsWith('Value "')

function withoutValue(error: GraphQLError): string {
  const [node] = error.nodes ?? []
  if (!node || isChoice(error)) return error.message
  const value = print(node)
  const message = error.message.replace(`: ${value}`, '').replace(`, found ${value}`, '')
  return value.length >= tellingLength && message.includes(value) ? 'This value does not fit its type.' : message
}

/** A value may be a secret that stands where it does not belong: it is said what is wrong with it, and where, and not what it is. */
const valuesRule: ValidationRule = (context) => {
  const reportError = (error: GraphQLError) =>
    context.reportError(new GraphQLError(withoutValue(error), { nodes: error.nodes ?? null }))
  return ValuesOfCorrectTypeRule(Object.create(context, { reportError: { value: reportError } }))
}

const openRules: readonly ValidationRule[] = specifiedRules.map((rule) =>
  rule === ValuesOfCorrectTypeRule ? valuesRule : rule,
)

export const validationRules = (
  details: SchemaDetails,
  introspection: IntrospectionMode,
): readonly ValidationRule[] => [
  ...(details === 'open' ? openRules : discreetRules),
  ...(introspection === 'off' ? [NoSchemaIntrospectionCustomRule] : []),
]
