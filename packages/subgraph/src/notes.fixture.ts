/** A small subgraph for the tests of this package: notes, each of one owner. */
import { Problem } from '@latchkey/problem'
import { type Logger, silentLogger } from '@latchkey/telemetry'
import { GraphQLScalarType } from 'graphql'
import {
  allow,
  type GuardedContext,
  guardReference,
  inOrder,
  type Rules,
  requiresScopes,
  rule,
  signedIn,
} from './guard.ts'
import { createSubgraph, type Resolvers, type Subgraph, type SubgraphDefinition } from './subgraph.ts'

export const typeDefs = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])

  scalar Shout

  interface Titled { title: String! }

  type Note implements Titled @key(fields: "id") {
    id: ID!
    ownerId: ID!
    title: String!
    body: String
    writtenAt: Shout
    related: [Note]!
    broken: Int
  }

  type Folder implements Titled { title: String! notes: [Note]! }

  union Found = Note | Folder

  type Query {
    hello(name: String = "world"): String!
    note(id: ID!): Note
    notes: [Note]!
    found: [Found!]!
    strange(how: String!): [Found]
    titled: [Titled!]!
    fails(how: String!): String
    shouted(text: Shout): String
    mine: String!
    waits: String
  }

  type Mutation { write(id: ID! = "new", title: String!): Note }
`

export interface NoteRow {
  readonly id: string
  readonly ownerId: string
  readonly title: string
}

export interface NotesContext extends GuardedContext {
  readonly load: (id: string) => Promise<NoteRow | null>
}

export const isTheirs = rule(
  'isTheirs',
  (note: NoteRow, _args, { principal }) =>
    (principal.kind === 'user' && note.ownerId === principal.userId) || new Problem('NOT_FOUND', `note ${note.id}`),
  { cache: 'none' },
)

export const rules = {
  Query: {
    hello: allow,
    note: signedIn,
    notes: signedIn,
    found: signedIn,
    strange: allow,
    titled: signedIn,
    fails: allow,
    shouted: allow,
    mine: requiresScopes(['notes:read']),
    waits: allow,
  },
  Mutation: { write: inOrder(signedIn, requiresScopes(['notes:write'])) },
  Note: isTheirs,
  Folder: signedIn,
} satisfies Rules

export interface Notes {
  readonly subgraph: Subgraph
  readonly definition: SubgraphDefinition<NotesContext>
  readonly rows: Map<string, NoteRow>
  /** The ids of each batch that was read. */
  readonly batches: string[][]
  /** Resolves once `waits` is being asked, with what lets it go on. */
  waiting(): Promise<() => void>
}

/** What each way to fail throws. */
const failures: Readonly<Record<string, () => unknown>> = {
  problem: () => {
    throw new Problem('CONFLICT', 'secret detail', { message: 'Changed by someone else.' })
  },
  error: () => {
    throw new Error('password=hunter2')
  },
  rejection: () => Promise.reject(new Error('password=hunter2')),
  text: () => {
    throw 'password=hunter2'
  },
  returned: () => new Error('password=hunter2'),
  unavailable: () => Promise.reject(new Problem('UNAVAILABLE', 'store down', { retryAfterMs: 500 })),
}

function* brokenList() {
  yield { how: 'Note' }
  throw new Error('password=hunter2')
}

const resolversOf = (rows: Map<string, NoteRow>, asked: (release: () => void) => void): Resolvers<NotesContext> => ({
  Query: {
    hello: (_parent, { name }: { name: string }) => `hello ${name}`,
    note: (_parent, { id }: { id: string }, { load }) => load(id),
    notes: () => [...rows.values()],
    found: () => [...rows.values(), { __typename: 'Folder', title: 'all', notes: [...rows.values()] }],
    strange: async (_parent, { how }: { how: string }) => (how === 'list' ? brokenList() : [{ how }]),
    titled: () => [...rows.values()],
    fails: (_parent, { how }: { how: string }) => failures[how]?.(),
    shouted: (_parent, { text }: { text: unknown }) => String(text),
    waits: () => new Promise<string>((resolve) => asked(() => resolve('done'))),
    mine: (_parent, _args, { principal }) => principal.kind,
  },
  Mutation: {
    write: (_parent, { id, title }: { id: string; title: string }, { principal }) => {
      const row = { id, title, ownerId: principal.kind === 'user' ? principal.userId : '' }
      rows.set(id, row)
      return row
    },
  },
  Note: {
    __resolveReference: guardReference(signedIn, ({ id }: { id: string }, { load }: NotesContext) => load(id)),
    body: async ({ id }: NoteRow) => `body of ${id}`,
    writtenAt: () => 'today',
    related: ({ id }: NoteRow) => [Promise.resolve(rows.get(id)), Promise.reject(new Problem('UNAVAILABLE')), null],
    broken: () => 'password=hunter2',
  },
  Found: {
    __resolveType(found: { notes?: unknown; how?: string }) {
      if (found.how === 'throws') throw new Error('password=hunter2')
      if (found.how === 'later') return Promise.resolve('Note')
      return found.how ?? (found.notes ? 'Folder' : 'Note')
    },
  },
  Titled: { __resolveType: () => 'Note' },
  Shout: new GraphQLScalarType({
    name: 'Shout',
    serialize: (value) => `${value}!`,
    parseValue: (value) => `${value}!`,
  }),
})

/** Reads what was asked for in one tick together, as a DataLoader does. */
function loaderOf(rows: Map<string, NoteRow>, batches: string[][]) {
  let pending: string[] | null = null
  return async (id: string): Promise<NoteRow | null> => {
    if (!pending) {
      const batch = [id]
      pending = batch
      process.nextTick(() => {
        pending = null
        batches.push(batch)
      })
    } else pending.push(id)
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (id === 'poison') throw new Error('row is broken')
    return rows.get(id) ?? null
  }
}

export function createNotes({ logger = silentLogger }: { logger?: Logger } = {}): Notes {
  const rows = new Map<string, NoteRow>()
  for (const [id, ownerId] of [
    ['n1', 'usr_ada'],
    ['n2', 'usr_eve'],
    ['n3', 'usr_ada'],
  ] as const)
    rows.set(id, { id, ownerId, title: `title ${id}` })
  const batches: string[][] = []
  let asked: (release: () => void) => void = () => undefined
  const waiting = new Promise<() => void>((resolve) => (asked = resolve))
  const definition: SubgraphDefinition<NotesContext> = {
    name: 'notes',
    typeDefs,
    resolvers: resolversOf(rows, asked),
    rules,
    contextFor: () => ({ load: loaderOf(rows, batches) }),
    logger,
  }
  return { subgraph: createSubgraph(definition), definition, rows, batches, waiting: () => waiting }
}
