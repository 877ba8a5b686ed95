/** Everything about an operation that does not depend on a request, done once. */
import type { PlanNode, QueryPlan } from '@graphql-hive/router-query-planner'
import type { FootprintReader } from '@latchkey/subgraph/coordinates'
import {
  type DocumentNode,
  GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type OperationTypeNode,
  print,
  visit,
} from 'graphql'
import { countFields, weightOf } from '../document-weight.ts'
import type { Withheld } from '../withheld.ts'
import { conditionVariables, fragmentsOf } from './collect-fields.ts'
import { compileSelection } from './compile-projection.ts'
import { askByType } from './entities/by-type.ts'
import type { PlanContext } from './fetch.ts'
import { apartFromRequired, keepApart } from './keys-apart.ts'
import { readOnBehalf } from './on-behalf.ts'
import { withoutWithheld } from './permitted-document.ts'
import { compilePlan } from './plan.ts'
import { plannerDocument } from './planner-document.ts'
import { serialDocuments } from './serial-documents.ts'
import { type Subscribed, subscribedBy } from './subscribed.ts'
import { treeKey } from './tree.ts'
import { keyAtPlace, typesApart } from './types-apart.ts'
import { type CoercedVariables, compileVariables, type FaultDetails, type Values } from './variables.ts'
import type { CompileVariant, OperationVariants, Variant, Variants } from './variants.ts'
import { askForWatched, type WatchedTypes } from './watched.ts'

/** An operation that only has to be run. Made by an engine, for that engine. */
export interface PreparedOperation {
  readonly type: `${OperationTypeNode}`
  readonly name: string | undefined
  /** What it subscribes to; `null` for any other operation. */
  readonly subscribed: Subscribed | null
  readonly coerceVariables: (variables: Values) => CoercedVariables
  /** What these variables make of the operation; a promise when that is not compiled yet. It rejects with whatever planning rejects with. */
  readonly variantFor: (variables: Values, mode?: Mode, withheld?: Withheld) => Variant | Promise<Variant>
  /** Compiles what is compiled of the same operation, prepared by another engine. Rejects with what `variantFor` rejects with. */
  readonly compileLike: (other: PreparedOperation) => Promise<void>
  /** What is compiled of it. */
  readonly variants: Readonly<Record<Mode, OperationVariants>>
}

/** `watched`: whoever runs it is told of what the engine watches. */
export type Mode = 'watched' | 'unwatched'

const modes = ['watched', 'unwatched'] as const satisfies readonly Mode[]

export interface PrepareContext extends PlanContext {
  readonly plan: (query: string, operationName: string | undefined) => Promise<QueryPlan>
  readonly variants: Variants
  readonly readFootprint: FootprintReader
  readonly watched: WatchedTypes
  readonly faultDetails: FaultDetails
}

/** @throws GraphQLError when the operation is not there or asks for what is not supported. Nothing is planned yet. */
export function prepare(
  document: DocumentNode,
  operationName: string | undefined,
  context: PrepareContext,
): PreparedOperation {
  const operation = findOperation(document, operationName)
  refuseUnsupported(document)
  const names = conditionVariables(document)
  const keep = (mode: Mode) => context.variants.keeping(compileVariant({ operation, document, names, mode }, context))
  const variants = { watched: keep('watched'), unwatched: keep('unwatched') }
  return {
    type: operation.operation,
    name: operation.name?.value,
    subscribed: subscribedBy(operation, fragmentsOf(document), context.supergraph.publicSchema),
    coerceVariables: compileVariables(operation, context.supergraph.publicSchema, context.faultDetails),
    variantFor: (variables, mode = 'unwatched', withheld) =>
      variants[mode].take(combinationOf(names, variables), withheld),
    variants,
    async compileLike(other) {
      for (const mode of modes)
        for (const combination of other.variants[mode].combinations()) await variants[mode].take(combination)
    },
  }
}

/** A digit for each variable that conditions name. */
const combinationOf = (names: readonly string[], variables: Values): string =>
  names.length === 0 ? '' : names.map((name) => (variables[name] === true ? '1' : '0')).join('')

/** Measured: what a field's projection takes, and what a plan's steps take for each character of its JSON. */
const bytesPerField = 800
const bytesPerCharacterOfPlan = 10

interface Variation {
  readonly operation: OperationDefinitionNode
  readonly document: DocumentNode
  readonly names: readonly string[]
  readonly mode: Mode
}

function compileVariant({ operation, document, names, mode }: Variation, context: PrepareContext): CompileVariant {
  const { publicSchema: schema, isFieldName, requiredAs, hidesTypes } = context.supergraph
  const rootType = schema.getRootType(operation.operation)
  if (!rootType) throw new GraphQLError(`There is no ${operation.operation} in this schema.`)
  const fragments = fragmentsOf(document)
  const treeKeyOf = apartFromRequired(requiredAs, (node) => keyAtPlace(node, treeKey(node, isFieldName)))
  const watched = mode === 'watched' ? context.watched : {}
  const permitted = (given: OperationDefinitionNode, withheld: Withheld) =>
    withheld.key === '' ? only(given, document) : alone(withoutWithheld(given, { schema, fragments, withheld }))
  const toPlan = (asked: OperationDefinitionNode, withheld: Withheld) => {
    const given = permitted(asked, withheld)
    const wanted = mode === 'watched' ? askForWatched(given, schema, watched) : given
    return { operation: findOperation(wanted, operation.name?.value), fragments: fragmentsOf(wanted) }
  }
  // A variant holds the document, also when nothing else does any more.
  const bytesAtLeast = weightOf(document) + countFields(operation.selectionSet, fragments) * bytesPerField
  const planInOrder = async (documents: readonly DocumentNode[]): Promise<PlanNode | undefined> => {
    const plans = documents.map(async (each) => {
      const { node } = await context.plan(print(each), operation.name?.value)
      return node ? [askByType(node, each, context.supergraph)] : []
    })
    const nodes = (await Promise.all(plans)).flat()
    return nodes.length > 1 ? { kind: 'Sequence', nodes } : nodes[0]
  }
  return async (combination, withheld) => {
    const conditions = (name: string) => combination[names.indexOf(name)] === '1'
    const apart = typesApart(operation, { schema, fragments, conditions })
    const keyOf = keepApart(only(apart, document), treeKeyOf)
    const selection = { schema, fragments, conditions, operation: apart, treeKey: keyOf, watched, withheld }
    const askedByClient = () => {
      const given = permitted(operation, withheld)
      return new Set(context.readFootprint(given, findOperation(given, operation.name?.value)).coordinates)
    }
    const asked = plannerDocument({ ...selection, ...toPlan(apart, withheld), typesMatter: hidesTypes })
    const serial = asked && serialDocuments(asked, rootType, { ...selection, fragments: fragmentsOf(asked) })
    const node = serial && (await planInOrder(serial))
    return {
      fetch:
        node && compilePlan(node, { ...context, onBehalfOf: readOnBehalf(node, askedByClient, context.supergraph) }),
      projection: compileSelection([apart.selectionSet], rootType, selection),
      weight: bytesAtLeast + (node ? JSON.stringify(node).length * bytesPerCharacterOfPlan : 0),
    }
  }
}

/** With its fragments. */
const only = (operation: OperationDefinitionNode, { definitions }: DocumentNode): DocumentNode => ({
  kind: Kind.DOCUMENT,
  definitions: [operation, ...definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)],
})

const alone = (operation: OperationDefinitionNode): DocumentNode => ({ kind: Kind.DOCUMENT, definitions: [operation] })

function findOperation(document: DocumentNode, name: string | undefined): OperationDefinitionNode {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const found = name === undefined ? operations[0] : operations.find((operation) => operation.name?.value === name)
  if (!found) {
    throw new GraphQLError(name === undefined ? 'Must provide an operation.' : `Unknown operation named "${name}".`)
  }
  if (name === undefined && operations.length > 1)
    throw new GraphQLError('Must provide operation name if query contains multiple operations.')
  return found
}

function refuseUnsupported(document: DocumentNode): void {
  visit(document, {
    Directive(node) {
      if (node.name.value === 'defer' || node.name.value === 'stream')
        throw new GraphQLError(`@${node.name.value} is not supported.`, { nodes: node })
    },
  })
}
