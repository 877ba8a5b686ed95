import { clockAt } from '@latchkey/clock/testing'
import { composeSupergraph } from '@latchkey/gateway/compose'
import { actingUserId } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import type { GuardedGraph } from '@latchkey/subgraph/access-reader'
import {
  allow,
  guardReference,
  inOrder,
  type Rules,
  requiresScopes,
  rule,
  signedIn,
  signedInPerson,
} from '@latchkey/subgraph/guard'
import { expect, it } from 'vitest'
import { compare, linesOf } from './changes.ts'
import { differencesIn } from './disagreements.ts'
import { jsonOf, type Kept, keptOf, markdownOf } from './document.ts'
import { makeMatrix } from './matrix.ts'

const clock = clockAt('2030-06-01T00:00:00Z')

const notes = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated", "@requiresScopes", "@inaccessible"])
  type Query {
    notes: [Found!] @authenticated
    secret: Secret @inaccessible
  }
  type Mutation { write(input: WriteInput!): Written @requiresScopes(scopes: [["profile:write"]]) }
  input WriteInput { text: String!, at: Int }
  type Written { note: Note }
  union Found = Note | Folder
  type Note @key(fields: "id") { id: ID!, text: String @requiresScopes(scopes: [["profile:read"]]) }
  type Folder { name: String @requiresScopes(scopes: [["users:read"]]) }
  type Secret @inaccessible { word: String }
`
const isTheirs = rule<{ readonly owner: string }>(
  'isTheirs',
  ({ owner }, _args, { principal }) => actingUserId(principal) === owner || new Problem('NOT_FOUND'),
  { cache: 'none' },
)
const service = rule(
  'service',
  (_parent, _args, { principal }) => principal.kind === 'service' || new Problem('FORBIDDEN'),
  { cache: 'none' },
)
const rules = {
  Query: { notes: signedIn, secret: service },
  Mutation: { write: inOrder(signedInPerson, requiresScopes(['profile:write'])) },
  Written: allow,
  Note: { id: signedIn, text: inOrder(signedIn, requiresScopes(['profile:read']), isTheirs) },
  Folder: inOrder(signedIn, requiresScopes(['users:read'])),
  Secret: allow,
} satisfies Rules
const resolvers = { Note: { __resolveReference: guardReference(signedIn, () => null) } }

async function matrixOf(graph: GuardedGraph | null, sdl = notes) {
  const composition = composeSupergraph({
    subgraphs: [{ name: 'notes', url: 'http://notes.test', file: 'notes.graphql', sdl }],
  })
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  return makeMatrix(composition.sdl, [{ name: 'notes', sdl, graph }], clock)
}

const keptWith = async (changed: Rules): Promise<Kept> =>
  keptOf(await matrixOf({ resolvers, rules: { ...rules, ...changed } }))
const disagreementsWith = async (changed: Rules): Promise<readonly string[]> => {
  const differing = await differencesIn(await matrixOf({ resolvers, rules: { ...rules, ...changed } }), clock)
  return differing
    .filter(({ difference }) => difference === 'disagreement')
    .map((each) => `${each.coordinate} ${each.class}: ${each.gateway}, ${each.behind}`)
}

it('has a word for every coordinate and class: behind lists, unions, payloads, and for what is nobody else’s', async () => {
  const { supergraph } = await keptWith({})
  const column = (name: string) =>
    Object.fromEntries(Object.entries(supergraph).map(([coordinate, { cells }]) => [coordinate, cells[name]]))
  const own = { 'Note.id': 'allowed', 'Note.text': 'own', 'Query.notes': 'allowed' }
  const written = { 'Mutation.write': 'allowed', 'Written.note': 'allowed' }
  expect(column('user')).toEqual({ ...own, ...written, 'Folder.name': 'forbidden' })
  expect(column('admin')).toEqual({ ...own, ...written, 'Folder.name': 'allowed' })
  expect(column('reading key')).toEqual({
    ...own,
    'Mutation.write': 'forbidden',
    'Written.note': 'forbidden',
    'Folder.name': 'forbidden',
  })
  expect(new Set(Object.values(column('anonymous')))).toEqual(new Set(['unauthenticated']))
})

it('has what only services may ask, with a column for each of them', async () => {
  const { subgraphs } = await keptWith({})
  expect(subgraphs.notes?.['Secret.word']?.cells).toMatchObject({
    'admin key': 'forbidden',
    'service gateway': 'allowed',
    'service notes': 'allowed',
  })
})

it('finds nothing to disagree about where a subgraph asks for more of an object, or for the person', async () => {
  expect(await disagreementsWith({})).toEqual([])
  const differing = await differencesIn(await matrixOf({ resolvers, rules }), clock)
  expect(differing).toContainEqual({
    ...{ coordinate: 'Mutation.write', subgraph: 'notes', class: 'full key' },
    ...{ gateway: 'allowed', behind: 'forbidden', difference: 'in person' },
  })
  expect(differing).toContainEqual(expect.objectContaining({ coordinate: 'Note.text', difference: 'object' }))
})

it('finds a subgraph that lets through what the gateway refuses', async () => {
  expect(await disagreementsWith({ Folder: signedIn })).toEqual([
    'Folder.name user: forbidden, allowed',
    'Folder.name reading key: forbidden, allowed',
    'Folder.name full key: forbidden, allowed',
  ])
})

it('finds a gateway that promises what a subgraph refuses to everybody', async () => {
  expect(await disagreementsWith({ Query: { ...rules.Query, notes: requiresScopes(['users:read']) } })).toContain(
    'Query.notes user: allowed, forbidden',
  )
})

it('names a field without a rule, and one that no operation reaches', async () => {
  const { Secret: _, ...fewer } = rules
  const unguarded = await matrixOf({ resolvers, rules: fewer })
  expect(unguarded.uncovered).toEqual(['no rule of notes guards Secret.word'])
  const lost = `${notes} type Lost { word: String }`
  const { uncovered } = await matrixOf({ resolvers, rules: { ...rules, Lost: allow } }, lost)
  expect(uncovered).toEqual(
    ['the supergraph', 'notes'].map((of) => `no operation reaches Lost.word of ${of}, so nothing is known of it`),
  )
})

it('knows the gateway’s half of a subgraph that guards in its own language, and says so', async () => {
  const matrix = await matrixOf(null)
  expect(keptOf(matrix).supergraph['Folder.name']?.cells).toMatchObject({ user: 'forbidden', admin: 'allowed' })
  expect(markdownOf(matrix, [])).toContain('Of `notes` only the gateway’s half is known')
})

it('tells a wider cell from a narrower one, by coordinate', async () => {
  const [before, after] = [
    await keptWith({}),
    await keptWith({ Note: { id: signedIn, text: inOrder(signedIn, requiresScopes(['profile:read'])) } }),
  ]
  const { wider, narrower } = compare(before, after)
  expect(narrower).toEqual([])
  expect(linesOf(wider)).toEqual([
    'Note.text: user own → allowed, admin own → allowed, reading key own → allowed, full key own → allowed, admin key own → allowed',
    'notes: Note.text: user own → allowed, admin own → allowed, reading key own → allowed, full key own → allowed, admin key own → allowed',
  ])
  expect(compare(after, before)).toMatchObject({ wider: [], narrower: wider.map(({ coordinate }) => ({ coordinate })) })
})

it('counts a new field that somebody may ask as wider, and one that is gone as narrower', async () => {
  const kept = await keptWith({})
  const { 'Folder.name': _, ...fewer } = kept.supergraph
  const without = { ...kept, supergraph: fewer }
  expect(linesOf(compare(without, kept).wider)).toEqual([
    'Folder.name: admin not there → allowed, admin key not there → allowed',
  ])
  expect(linesOf(compare(kept, without).narrower)).toEqual([
    'Folder.name: admin allowed → gone, admin key allowed → gone',
  ])
})

it('is kept with a line for each coordinate, and read as it was written', async () => {
  const kept = await keptWith({})
  expect(JSON.parse(jsonOf(kept))).toEqual(kept)
  expect(
    jsonOf(kept)
      .split('\n')
      .filter((line) => line.includes('"Note.text"')),
  ).toHaveLength(2)
})

it('says which policies decide, where the gateway leaves it to them, and that no subgraph knows of them', async () => {
  const guarded = notes
    .replace('"@inaccessible"]', '"@inaccessible", "@policy"]')
    .replace('name: String @requires', 'name: String @policy(policies: [["office", "paid"], ["staff"]]) @requires')
  const matrix = await matrixOf({ resolvers, rules }, guarded)
  const { supergraph } = keptOf(matrix)
  expect(supergraph['Folder.name']?.cells).toMatchObject({
    anonymous: 'unauthenticated',
    user: 'forbidden',
    admin: 'policy office and paid or staff',
  })
  const differing = await differencesIn(matrix, clock)
  expect(differing.filter(({ difference }) => difference === 'disagreement')).toEqual([])
  expect(differing).toContainEqual(expect.objectContaining({ coordinate: 'Folder.name', difference: 'policy' }))
  const before = keptOf(await matrixOf({ resolvers, rules }))
  expect(linesOf(compare(before, keptOf(matrix)).narrower)).toContain(
    'Folder.name: admin allowed → policy office and paid or staff, admin key allowed → policy office and paid or staff',
  )
})
