/** The smallest key that can run given operations: what they touch, and the scopes that this takes. */
import type { Scope } from '@latchkey/principal'
import type { AccessList } from '@latchkey/principal/access-list'
import type { Confinement } from '@latchkey/principal/confinement'
import { Problem } from '@latchkey/problem'
import type { PublicGraph } from '@latchkey/public-graph'
import { judgeSize, type SizeLimits } from '@latchkey/subgraph/operation-size'
import { type DocumentNode, GraphQLError, Kind, parse, validate } from 'graphql'
import { createAccessList, faultOfSize } from './access.ts'
import { leastScopes } from './least-scopes.ts'
import { parseAccessRule } from './rule.ts'

export interface ManifestInput {
  readonly scopes?: readonly string[] | null
  readonly access?: unknown
  readonly fromOperations?: readonly string[] | null
}

export interface ManifestTerms {
  readonly graph: PublicGraph
  /** What the creator is permitted. */
  readonly permitted: readonly Scope[]
}

/** What the new key holds and is confined to; or what is wrong, by argument; or why its creator cannot make it. */
export interface Manifest {
  readonly scopes: readonly Scope[]
  readonly part: Confinement
  readonly faults: Readonly<Record<string, string>>
  readonly refusal: Problem | null
}

const documentsMax = 20
/** Of all documents together. */
const charactersMax = 32 * 1_024
const tokensMax = 2_000
/** The gateway's own, unless it is told otherwise. */
const sizeLimits: SizeLimits = {
  ...{ depthMax: 12, aliasesMax: 15, rootFieldsMax: 10, directivesMax: 50, fieldsMax: 500, introspectionDepthMax: 20 },
  oncePerOperation: [],
}

const field = 'input.fromOperations'

/** `null` where no operations are given. */
export function readManifest(input: ManifestInput, { graph, permitted }: ManifestTerms): Manifest | null {
  const { fromOperations: documents, scopes, access } = input
  if (!documents) return null
  if (scopes || access)
    return faulty({ [field]: 'says what the key may ask: leave out `scopes` and `access`, or leave out this' })
  const wrong = faultOfAll(documents)
  if (wrong !== null) return faulty({ [field]: wrong })
  const read = documents.map((text) => readDocument(text, graph))
  const faults = read.flatMap((each, at) => ('fault' in each ? [[`${field}.${at}`, each.fault]] : []))
  if (faults.length > 0) return faulty(Object.fromEntries(faults))
  return manifestOf(
    read.flatMap((each) => ('document' in each ? [each.document] : [])),
    { graph, permitted },
  )
}

const nothing: Manifest = { scopes: [], part: {}, faults: {}, refusal: null }
const faulty = (faults: Manifest['faults']): Manifest => ({ ...nothing, faults })

function faultOfAll(documents: readonly string[]): string | null {
  if (documents.length === 0) return 'must hold at least one document'
  if (documents.length > documentsMax) return `must hold at most ${documentsMax} documents`
  const characters = documents.reduce((sum, { length }) => sum + length, 0)
  return characters > charactersMax ? `must hold at most ${charactersMax} characters in all` : null
}

function readDocument(text: string, { schema, readRequirement }: PublicGraph): Read {
  const document = parsed(text)
  if (typeof document === 'string') return { fault: document }
  const operations = operationsIn(document)
  if (operations.length === 0) return { fault: 'holds no operation' }
  const excess = judgeSize(document, sizeLimits)
  if (excess !== null) return { fault: `is larger than allowed: ${excess}` }
  const [error] = validate(schema, document, undefined, { maxErrors: 1 })
  if (error) return { fault: shorten(error.message) }
  const proof = operations.some((operation) => readRequirement(document, operation).assurance !== null)
  return proof ? { fault: 'asks for a proof of who somebody is, and no key can give one' } : { document }
}

type Read = { readonly document: DocumentNode } | { readonly fault: string }

function parsed(text: string): DocumentNode | string {
  try {
    return parse(text, { maxTokens: tokensMax })
  } catch (thrown) {
    if (thrown instanceof GraphQLError) return shorten(thrown.message)
    throw thrown
  }
}

const faultCharactersMax = 300
const shorten = (message: string): string =>
  message.length <= faultCharactersMax ? message : `${message.slice(0, faultCharactersMax - 1)}…`

const operationsIn = ({ definitions }: DocumentNode) =>
  definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)

function manifestOf(documents: readonly DocumentNode[], { graph, permitted }: ManifestTerms): Manifest {
  const each = documents.flatMap((document) => operationsIn(document).map((operation) => ({ document, operation })))
  const required = each.flatMap(({ document, operation }) => graph.readRequirement(document, operation).scopes)
  const { scopes, missing } = leastScopes(required, permitted)
  if (missing.length > 0) return { ...nothing, refusal: notHeld(missing) }
  const touched = each.flatMap(({ document, operation }) => {
    const { coordinates, introspection } = graph.readFootprint(document, operation)
    return [...coordinates, ...introspection]
  })
  const access = exactly(new Set(touched), graph)
  const wrong = faultOfSize(access)
  return wrong === null ? { ...nothing, scopes, part: { access } } : faulty({ [field]: wrong })
}

/** Each field without an argument that is not given: what is touched, and nothing beside it. */
function exactly(touched: ReadonlySet<string>, { schema }: PublicGraph): AccessList {
  const argued = new Set([...touched].flatMap((coordinate) => /^[^(]+(?=\()/.exec(coordinate) ?? []))
  const rules = [...touched].flatMap((coordinate) => {
    if (argued.has(coordinate)) return []
    return parseAccessRule(coordinate.endsWith(')') ? coordinate : `${coordinate}()`) ?? []
  })
  return createAccessList({ allow: rules, deny: [] }, schema)
}

function notHeld(missing: readonly (readonly (readonly Scope[])[])[]): Problem {
  const named = missing.map((sets) => sets.map((set) => set.join(' and ')).join(', or ')).join('; ')
  return new Problem('FORBIDDEN', named, { message: `These operations need scopes that you do not hold: ${named}.` })
}
