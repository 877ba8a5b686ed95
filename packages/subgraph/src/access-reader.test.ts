import { clockAt } from '@latchkey/clock/testing'
import { anonymous } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { expect, it } from 'vitest'
import { createAccessReader } from './access-reader.ts'
import { allow, type GuardedContext, guardReference, requiresScopes, rule, signedIn } from './guard.ts'

const sdl = /* GraphQL */ `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  directive @requiresAssurance(level: String, maxAge: Int) on FIELD_DEFINITION
  type Query { open: Note }
  type Mutation { write: Note, prove: Note @requiresAssurance(maxAge: 60) }
  type Note @key(fields: "id") { id: ID, text: String, owner: String, unruled: String }
`
const isTheirs = rule<{ readonly owner: string }>(
  'isTheirs',
  ({ owner }, _args, { principal }) =>
    (principal.kind === 'user' && principal.userId === owner) || new Problem('NOT_FOUND'),
  { cache: 'none' },
)
const justMade = rule<object, unknown, GuardedContext & { readonly made: Set<object> }>(
  'justMade',
  (parent, _args, { made }) => made.has(parent) || new Problem('NOT_FOUND'),
  { cache: 'none' },
)
const neverRun = () => expect.fail('nothing is to be run')
const reader = createAccessReader(
  sdl,
  {
    resolvers: { Query: { open: neverRun }, Note: { __resolveReference: guardReference(signedIn, neverRun) } },
    rules: {
      Query: { open: allow },
      Mutation: { write: requiresScopes(['notes:write']), prove: signedIn },
      Note: { id: justMade, text: isTheirs },
    },
  },
  clockAt('2030-06-01T00:00:00Z'),
)
const ada = aUser({ userId: 'usr_ada', scopes: ['notes:write'] })
const codeOf = async (verdict: Promise<true | Problem>) => {
  const settled = await verdict
  return settled === true ? 'ok' : settled.code
}

it('tells what each rule says, and runs nothing', async () => {
  const asked = (principal: typeof ada | typeof anonymous, owner = 'usr_ada') => ({ principal, parent: { owner } })
  expect(await codeOf(reader.judgeField('Query', 'open', asked(anonymous)))).toBe('ok')
  expect(await codeOf(reader.judgeField('Mutation', 'write', asked(anonymous)))).toBe('UNAUTHENTICATED')
  expect(await codeOf(reader.judgeField('Mutation', 'write', asked(ada)))).toBe('ok')
  expect(await codeOf(reader.judgeField('Note', 'text', asked(ada)))).toBe('ok')
  expect(await codeOf(reader.judgeField('Note', 'text', asked(ada, 'usr_eve')))).toBe('NOT_FOUND')
})

it('tells what the schema asks besides the rule, and that a person in whose place somebody looks changes nothing', async () => {
  const looking = aUser({ ...ada, act: { sub: 'usr_staff', write: false } })
  expect(await codeOf(reader.judgeField('Mutation', 'prove', { principal: ada, parent: {} }))).toBe('STEP_UP_REQUIRED')
  expect(await codeOf(reader.judgeField('Mutation', 'write', { principal: looking, parent: {} }))).toBe('FORBIDDEN')
})

it('denies a field without a rule, as it is denied when it is served', async () => {
  expect(await codeOf(reader.judgeField('Note', 'unruled', { principal: ada, parent: {} }))).toBe('FORBIDDEN')
})

it('asks the guard before a reference, and lets one through that the subgraph has not', async () => {
  expect(await codeOf(reader.judgeReference('Note', { principal: anonymous, parent: {} }))).toBe('UNAUTHENTICATED')
  expect(await codeOf(reader.judgeReference('Note', { principal: ada, parent: {} }))).toBe('ok')
  expect(await codeOf(reader.judgeReference('Query', { principal: anonymous, parent: {} }))).toBe('ok')
})

it('finds in services what it is told to find', async () => {
  const asked = { principal: ada, parent: {} }
  expect(await codeOf(reader.judgeField('Note', 'id', asked))).toBe('NOT_FOUND')
  expect(await codeOf(reader.judgeField('Note', 'id', { ...asked, services: 'know everything' }))).toBe('ok')
})
