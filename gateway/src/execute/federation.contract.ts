/** The contract of the engine: its answer over subgraphs is the answer of one schema over the same data. */

import { buildSubgraphSchema } from '@apollo/subgraph'
import { anonymous } from '@latchkey/principal'
import type { SubgraphRequest, SubgraphTransport } from '@latchkey/subgraph/transport'
import { composeServices } from '@theguild/federation-composition'
import {
  buildASTSchema,
  type DocumentNode,
  defaultFieldResolver,
  type ExecutionResult,
  execute,
  type FieldDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  printSchema,
  type SelectionSetNode,
  type TypeNode,
  validate,
  visit,
} from 'graphql'
import { expect } from 'vitest'
import { nothingWithheld, type Withheld } from '../withheld.ts'
import { createEngine, type Engine } from './engine.ts'
import { planning } from './planning/planning.fixture.ts'

/** An object of the data: fields are values, or methods that get the arguments and read what they need from `this`. */
export type Thing = Record<string, unknown>

export interface World {
  readonly Query: Thing
  readonly Mutation?: Thing
  /** Every entity that a subgraph may be asked for, whatever its type. */
  readonly entities?: readonly Thing[]
  /** What of them a subgraph knows, when it does not know all. */
  readonly known?: Readonly<Record<string, readonly Thing[]>>
}

export interface Federation {
  readonly engine: Engine
  readonly asked: { subgraph: string; query: string; variables: Readonly<Record<string, unknown>> }[]
  /** Wraps the way to one subgraph. */
  readonly disturb: (subgraph: string, disturbance: (next: SubgraphTransport) => SubgraphTransport) => void
  /** What is withheld from the caller fails there. */
  readonly alone: (document: DocumentNode, variables?: Thing, withheld?: Withheld) => Promise<ExecutionResult>
  readonly together: (document: DocumentNode, variables?: Thing, withheld?: Withheld) => Promise<ExecutionResult>
  /** As `alone`, where every field may be null: all that can fail does, and is told at its own place. */
  readonly tolerantly: (document: DocumentNode, variables?: Thing, withheld?: Withheld) => Promise<ExecutionResult>
}

const federationLink = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@requires",
  "@provides", "@external", "@shareable", "@interfaceObject", "@override", "@inaccessible", "@extends", "@tag"])\n`

/** A subgraph's schema in federation 2; give a whole document with its own `@link`, or mark it `# federation 1`. */
const withLink = (sdl: string): string => (/@link\(|# federation 1/.test(sdl) ? sdl : federationLink + sdl)

export function compose(schemas: Readonly<Record<string, string>>): string {
  const services = Object.entries(schemas).map(([name, sdl]) => ({
    name,
    url: `http://${name}.test/graphql`,
    typeDefs: parse(withLink(sdl)),
  }))
  const { supergraphSdl, errors } = composeServices(services)
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'))
  return supergraphSdl
}

/** `world` may be a function: then each operation meets fresh data, so that mutations compare. */
export function federate(
  schemas: Readonly<Record<string, string>>,
  world: World | (() => World),
  mend: (supergraphSdl: string) => string = (sdl) => sdl,
): Federation {
  const fresh = typeof world === 'function' ? world : () => world
  let current = fresh()
  const asked: Federation['asked'] = []
  const transports: Record<string, SubgraphTransport> = {}
  for (const [name, sdl] of Object.entries(schemas)) {
    const serve = createSubgraph(withLink(sdl), () => seenBy(name, current))
    transports[name] = async (request) => {
      asked.push({ subgraph: name, query: request.query, variables: request.variables })
      return serve(request)
    }
  }
  const supergraphSdl = mend(compose(schemas))
  const engine = createEngine({ supergraphSdl, transports: reachThrough(transports), planning })
  const answerAlone =
    (schema: GraphQLSchema): Federation['alone'] =>
    async (document, variables = {}, withheld = nothingWithheld) => {
      const rootValue = rootOf(document, fresh())
      const fieldResolver: typeof defaultFieldResolver = (source, args, context, info) =>
        withheld.reasonFor(`${info.parentType.name}.${info.fieldName}`) ??
        defaultFieldResolver(source, args, context, info)
      return execute({ schema, document, rootValue, variableValues: variables, fieldResolver })
    }
  return {
    engine,
    asked,
    disturb(subgraph, disturbance) {
      const next = transports[subgraph]
      if (next) transports[subgraph] = disturbance(next)
    },
    alone: answerAlone(engine.schema),
    tolerantly: answerAlone(withNullEverywhere(engine.schema)),
    async together(document, variables = {}, withheld = nothingWithheld) {
      current = fresh()
      return engine.run(engine.prepare(document), { variables, principal: anonymous, requestId: 'test', withheld })
    },
  }
}

const seenBy = (subgraph: string, world: World): World => {
  const entities = world.known?.[subgraph]
  return entities ? { ...world, entities } : world
}

function withNullEverywhere(schema: GraphQLSchema): GraphQLSchema {
  const nullable = (type: TypeNode): TypeNode => {
    if (type.kind === Kind.NON_NULL_TYPE) return nullable(type.type)
    return type.kind === Kind.LIST_TYPE ? { ...type, type: nullable(type.type) } : type
  }
  return buildASTSchema(
    visit(parse(printSchema(schema)), { FieldDefinition: (field) => ({ ...field, type: nullable(field.type) }) }),
  )
}

const reachThrough = (transports: Record<string, SubgraphTransport>): Record<string, SubgraphTransport> =>
  Object.fromEntries(
    Object.keys(transports).map((name) => [
      name,
      (request: SubgraphRequest) => transports[name]?.(request) ?? Promise.reject(new Error(name)),
    ]),
  )

const rootOf = (document: DocumentNode, world: World): Thing | undefined => {
  const mutates = document.definitions.some((node) => 'operation' in node && node.operation === 'mutation')
  return mutates ? world.Mutation : world.Query
}

/** A subgraph that knows of an entity only its own fields, and of the others what its representation says. */
function createSubgraph(sdl: string, world: () => World): SubgraphTransport {
  const document = parse(sdl)
  const own = new Map<string, readonly FieldDefinitionNode[]>()
  const keys = new Map<string, SelectionSetNode[]>()
  const abstract = new Set<string>()
  const resolvers: Record<string, Record<string, unknown>> = {}
  for (const node of document.definitions) {
    if (!('fields' in node) || node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) continue
    if (node.kind === Kind.INPUT_OBJECT_TYPE_EXTENSION) continue
    const name = node.name.value
    const isExternal = (field: FieldDefinitionNode) => field.directives?.some((d) => d.name.value === 'external')
    if (node.kind === Kind.INTERFACE_TYPE_DEFINITION) abstract.add(name)
    own.set(name, [...(own.get(name) ?? []), ...(node.fields ?? []).filter((field) => !isExternal(field))])
    for (const directive of node.directives ?? []) {
      const fields = directive.arguments?.find((argument) => argument.name.value === 'fields')?.value
      if (directive.name.value !== 'key' || fields?.kind !== Kind.STRING) continue
      keys.set(name, [...(keys.get(name) ?? []), fieldSet(fields.value)])
    }
  }
  for (const [name, sets] of keys)
    resolvers[name] = {
      __resolveReference(representation: Thing) {
        const entities = world().entities ?? []
        const ofType = entities.filter(({ __typename }) => __typename === name)
        const known = ofType.length > 0 ? ofType : entities
        const entity = known.find((one) => sets.some((set) => agreesOn(set, one, representation)))
        if (!entity) return null
        const typeName = abstract.has(name) ? String(entity.__typename) : name
        const view: Thing = { ...representation, __typename: typeName }
        for (const field of own.get(typeName) ?? []) view[field.name.value] = entity[field.name.value]
        return view
      },
    }
  const schema = buildSubgraphSchema([{ typeDefs: document, resolvers: resolvers as never }])
  return async ({ query, variables }) => {
    const question = parse(query)
    const faults = validate(schema, question)
    if (faults.length > 0) throw new Error(`${faults[0]?.message}\n${query}`)
    const result = await execute({
      schema,
      document: question,
      rootValue: rootOf(question, world()),
      variableValues: variables,
    })
    return JSON.parse(JSON.stringify(result))
  }
}

function fieldSet(fields: string): SelectionSetNode {
  const [definition] = parse(`{${fields}}`).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(fields)
  return definition.selectionSet
}

function agreesOn(set: SelectionSetNode, entity: unknown, representation: unknown): boolean {
  if (entity === null || representation === null || typeof entity !== 'object' || typeof representation !== 'object')
    return false
  const [one, other] = [entity as Thing, representation as Thing] // neither is null
  return set.selections.every((field) => {
    if (field.kind !== Kind.FIELD) return true
    const key = field.name.value
    if (one[key] === undefined || other[key] === undefined) return false
    return field.selectionSet ? agreesOn(field.selectionSet, one[key], other[key]) : one[key] === other[key]
  })
}

/** Data in the same key order, and errors at the same paths with the same codes. */
export async function expectAgreement(federation: Federation, query: string, variables: Thing = {}): Promise<void> {
  const document = parse(query)
  expect(validate(federation.engine.schema, document)).toEqual([])
  const alone = await federation.alone(document, variables)
  const together = await federation.together(document, variables)
  expect(JSON.stringify(together.data, null, 1)).toBe(JSON.stringify(alone.data, null, 1))
  expect(places(together.errors)).toEqual(places(alone.errors))
}

export const places = (errors: readonly GraphQLError[] = []): string[] =>
  errors.map(({ path, extensions }) => `${path?.join('.')} ${extensions.code ?? ''}`.trim()).sort()
