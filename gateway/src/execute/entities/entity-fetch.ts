/** A fetch of entities, compiled: who is asked for, under which alias, and whose answer goes where. */
import type { SubgraphResponse } from '@latchkey/subgraph/transport'
import { type Fault, faultOfError, faultOfRejection, lose, malformed, translate } from '../faults.ts'
import { answerOf, compileQuestion, listOf, type PlanContext, pathOf, sendVariables, type Variables } from '../fetch.ts'
import { compileIntake, type Intake, take } from '../intake.ts'
import { rewriteIntake } from '../rewrites.ts'
import { faultsOf, type Run, type Step } from '../run.ts'
import { isTree, ownValue, type Path, type Tree } from '../tree.ts'
import { type Asked, ask } from './deduplicate.ts'
import { collect, compileRoute, locate, type Route } from './positions.ts'
import type { EntityQuestion, EntityQuestions } from './question.ts'
import { compileRepresentation, type RepresentationBuilder, sourcesOf } from './representations.ts'

/** One `_entities` field of the operation. */
interface Group {
  readonly alias: string
  readonly variable: string
  readonly routes: readonly Route[]
  readonly build: RepresentationBuilder
  /** The fields of an entity its representation is made of. */
  readonly sources: readonly string[]
  readonly intake: Intake
}

/** Several questions in one operation, or one. */
export function compileEntityFetch(node: EntityQuestions, context: PlanContext): Step {
  const question = compileQuestion(node, context)
  const root = compileIntake(node.operation, context.supergraph.isAbstract)
  const groups = node.entityBatch.aliases.map((alias) => compileGroup(alias, root, node.serviceName, context))
  const usages = (node.variableUsages ?? []).filter((name) => groups.every(({ variable }) => variable !== name))
  return async (run) => {
    const calls = groups.map((group) => call(group, run))
    if (calls.every(({ asked }) => asked.owners.length === 0)) return
    const variables: Variables = {}
    for (const { group, asked } of calls) variables[group.variable] = asked.representations
    let answer: SubgraphResponse
    try {
      answer = answerOf(await question(run, sendVariables(run, usages, variables)))
    } catch (thrown) {
      const fault = faultOfRejection(thrown)
      for (const { group, asked } of calls) loseOf(run, group, asked.owners, fault)
      return
    }
    const data = isTree(answer.data) ? answer.data : {}
    const unanswered = calls.filter((one) => !settle(run, one, data, node.serviceName))
    placeErrors(run, calls, unanswered, { data, errors: listOf(answer.errors) })
    for (const { group, asked } of unanswered) loseOf(run, group, asked.owners, malformed(node.serviceName))
  }
}

function compileGroup(alias: EntityQuestion, root: Intake, subgraph: string, context: PlanContext): Group {
  const { supergraph } = context
  const intake = root.slots.find(({ source }) => source === alias.alias)?.child
  if (!intake) throw new Error('The plan carries an entity fetch that selects nothing.')
  rewriteIntake(intake, alias.outputRewrites ?? [], supergraph.possibleTypes)
  const requirement = { requires: alias.requires, inputRewrites: alias.inputRewrites ?? [], subgraph }
  return {
    alias: alias.alias,
    variable: alias.representationsVariableName,
    routes: alias.paths.map((path) => compileRoute(path, supergraph.possibleTypes)),
    build: only(alias.of, compileRepresentation(requirement, supergraph)),
    sources: sourcesOf(alias.requires),
    intake,
  }
}

const only = (types: EntityQuestion['of'], build: RepresentationBuilder): RepresentationBuilder =>
  types
    ? (entity) => (typeof entity.__typename === 'string' && types.has(entity.__typename) ? build(entity) : undefined)
    : build

interface Call {
  readonly group: Group
  readonly asked: Asked
}

function call(group: Group, run: Run): Call {
  const entities: Tree[] = []
  for (const route of group.routes) collect(run.tree, route, 0, entities)
  const whole = run.faults ? entities.filter((entity) => !passOn(run, group, entity)) : entities
  return { group, asked: ask(whole, group.build) }
}

/** An entity whose representation needs what an earlier fetch failed to bring is not asked for: the fault is passed on. */
function passOn(run: Run, group: Group, entity: Tree): boolean {
  const missing = run.faults?.missing.get(entity)
  const source = missing && group.sources.find((name) => missing.has(name))
  const fault = source === undefined ? undefined : missing?.get(source)
  if (fault) loseOf(run, group, [entity], fault)
  return fault !== undefined
}

const loseOf = (run: Run, group: Group, owners: readonly Tree[], fault: Fault): void =>
  lose(faultsOf(run), group.intake, owners, fault)

/** Hands each owner its entity. False: there was no list of entities, or one of another length. */
function settle(run: Run, { group, asked }: Call, data: Tree, subgraph: string): boolean {
  const { owners, answeredBy, representations } = asked
  const entities = ownValue(data, group.alias)
  if (!Array.isArray(entities) || entities.length !== representations.length) return owners.length === 0
  for (let at = 0; at < owners.length; at++) {
    const owner = owners[at] as Tree // within bounds
    const entity: unknown = entities[answeredBy[at] as number] // one for each owner
    if (isTree(entity)) take(group.intake, owner, entity)
    else if (entity !== null) loseOf(run, group, [owner], malformed(subgraph))
  }
  return true
}

interface Answered {
  readonly data: Tree
  readonly errors: readonly unknown[]
}

function placeErrors(run: Run, calls: readonly Call[], unanswered: readonly Call[], { data, errors }: Answered): void {
  if (errors.length === 0) return
  const places = calls.map((one) => placesOf(run, one, data))
  for (const error of errors) {
    const [alias, index, ...rest] = pathOf(error)
    const named = places.find(({ group }) => group.alias === alias)
    const fault = faultOfError(error)
    if (named && typeof index === 'number') placeAt(run, named, index, translate(named.group.intake, rest), fault)
    else if (named) loseOf(run, named.group, named.asked.owners, fault)
    else if (unanswered.length === 0) faultsOf(run).general.push(fault)
    else for (const { group, asked } of unanswered) loseOf(run, group, asked.owners, fault)
  }
}

/** A call with what is needed to tell where its entities are. */
interface PlacedCall extends Call {
  readonly ownersOf: ReadonlyMap<number, readonly Tree[]>
  readonly paths: ReadonlyMap<Tree, Path>
  /** Whether this entity was answered with null. */
  readonly isNull: (index: number) => boolean
}

function placesOf(run: Run, { group, asked }: Call, data: Tree): PlacedCall {
  const ownersOf = new Map<number, Tree[]>()
  for (const [at, owner] of asked.owners.entries()) {
    const index = asked.answeredBy[at] ?? -1
    const owners = ownersOf.get(index)
    if (owners) owners.push(owner)
    else ownersOf.set(index, [owner])
  }
  const entities = listOf(ownValue(data, group.alias))
  const isNull = (index: number): boolean => (entities[index] ?? null) === null
  return { group, asked, ownersOf, paths: locate(run.tree, group.routes, new Set(asked.owners)), isNull }
}

/** The error of one entity is an error wherever that entity was met. */
function placeAt(
  run: Run,
  { group, ownersOf, paths, isNull }: PlacedCall,
  index: number,
  below: Path,
  fault: Fault,
): void {
  const owners = ownersOf.get(index) ?? []
  for (const owner of below.length === 0 ? [] : owners)
    faultsOf(run).located.push({ path: [...(paths.get(owner) ?? []), ...below], fault })
  // A failure below that leaves no entity at all leaves none of the fields that were asked for with it.
  if (below.length === 0) loseOf(run, group, owners, fault)
  else if (isNull(index)) loseOf(run, group, owners, { ...fault, isTold: true })
}
