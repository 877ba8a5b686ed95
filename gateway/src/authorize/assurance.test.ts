import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createRequirementReader, judgeAccess } from '@latchkey/subgraph/access-requirements'
import { judgeAssurance } from '@latchkey/subgraph/assurance'
import { Kind, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { composeSupergraph } from '../compose/compose.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const nowS = clock.now().getTime() / 1_000

const header = (directive = 'requiresAssurance') => `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@authenticated", "@composeDirective"])
  @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: [{ name: "@requiresAssurance", as: "@${directive}" }])
  @composeDirective(name: "@${directive}")
  directive @${directive}(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
  enum AssuranceLevel { AAL1 AAL2 }`

const a = `${header()}
  type Query { open: Int any: Int @requiresAssurance recent: Int @requiresAssurance(maxAge: 600)
    strong: Int @requiresAssurance(level: AAL2) both: Int @requiresAssurance(level: AAL2) @requiresAssurance(maxAge: 60)
    node: Node things: [Thing!] shared: Shared user: User safe: Safe }
  interface Node @requiresAssurance(level: AAL2) { id: ID! code: Int }
  type Vault implements Node { id: ID! code: Int @authenticated }
  interface Coded { code: Int @requiresAssurance(maxAge: 5) }
  type Note implements Coded { id: ID! code: Int }
  union Thing = Vault | Note
  type Safe @requiresAssurance(level: AAL2, maxAge: 30) { gold: Int }
  type Shared @shareable { value: Int @requiresAssurance(maxAge: 600) }
  type User @key(fields: "id") { id: ID! name: String }`
const b = `${header()}
  type Shared @shareable { value: Int @requiresAssurance(level: AAL2) }
  type User @key(fields: "id") { id: ID! salary: Int @requiresAssurance(level: AAL2, maxAge: 300) }`

const compose = (schemas: Record<string, string>) =>
  composeSupergraph({
    subgraphs: Object.entries(schemas).map(([name, sdl]) => ({
      name,
      sdl,
      url: `http://${name}.test`,
      file: `${name}.graphql`,
    })),
  })

function requirementsIn(schemas: Record<string, string>) {
  const composition = compose(schemas)
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  const read = createRequirementReader(readAccessMap(composition.sdl))
  return (query: string) => {
    const document = parse(query)
    const operation = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
    if (!operation) throw new Error(query)
    return read(document, operation)
  }
}

describe('the assurance an operation requires', () => {
  const read = requirementsIn({ a, b })

  it.each<[string, string, string, number | null]>([
    ['of a field', '{ strong }', 'aal2', null],
    ['of a field that names neither', '{ any }', 'aal1', null],
    ['of a field that says it twice', '{ both }', 'aal2', 60],
    ['behind an alias and a fragment', '{ ...F } fragment F on Query { x: recent }', 'aal1', 600],
    ['under @skip', '{ open recent @skip(if: true) }', 'aal1', 600],
    ['of two fields together', '{ recent strong }', 'aal2', 600],
    ['of another subgraph', '{ user { name salary } }', 'aal2', 300],
    ['of a field that two subgraphs guard', '{ shared { value } }', 'aal2', 600],
    ['of a type, for a field of it', '{ safe { gold } }', 'aal2', 30],
    ['of a type, for what answers with it', '{ safe { __typename } }', 'aal2', 30],
    ['of an interface', '{ node { id } }', 'aal2', null],
    [
      'of an interface, behind its type, which has a rule of its own',
      '{ things { ... on Vault { code } } }',
      'aal2',
      null,
    ],
    ['of a field of an interface, behind its type', '{ things { ... on Note { code } } }', 'aal1', 5],
  ])('is that %s', (_where, query, level, maxAgeSeconds) => {
    expect(read(query).assurance).toEqual({ level, maxAgeSeconds })
    expect(judgeAccess(read(query), anonymous)).toBe('unauthenticated')
  })

  it('is none where nothing asks for any', () => {
    expect(read('{ open user { name } things { ... on Note { id } } }').assurance).toBeNull()
  })

  it('is read whatever the graph calls the directive', () => {
    const renamed = requirementsIn({ a: `${header('stepUp')} type Query { x: Int @stepUp(level: AAL2) }` })
    expect(renamed('{ x }').assurance).toEqual({ level: 'aal2', maxAgeSeconds: null })
  })

  it('is not lost in composition: a subgraph that uses it has it composed', () => {
    const lost = a.replace('@composeDirective(name: "@requiresAssurance")', '')
    expect(compose({ a: lost, b })).toEqual({
      errors: [expect.stringMatching(/^a\.graphql:\d+:\d+: @requiresAssurance .* lost/)],
    })
  })

  it.each(['level: AAL9', 'maxAge: 0', 'maxAge: -5', 'maxAge: "x"'])('cannot be %s', (args) => {
    const sdl = `schema { query: Query } type Query { x: Int @requiresAssurance(${args}) }`
    expect(() => readAccessMap(sdl)).toThrow(/takes a level/)
  })

  it('is not enforced in a version that is not known, so such a graph is refused', () => {
    const sdl =
      'schema @link(url: "https://latchkey.dev/requiresAssurance/v2.0") { query: Query } type Query { x: Int }'
    expect(() => readAccessMap(sdl)).toThrow(/does not enforce/)
  })
})

describe('whether it is met', () => {
  const person = (changed: Partial<UserPrincipal> = {}) => aUser({ acr: 'aal2', authTime: nowS - 600, ...changed })
  const codeOf = (level: 'aal1' | 'aal2', maxAgeSeconds: number | null, principal: Principal) => {
    const verdict = judgeAssurance({ level, maxAgeSeconds }, principal, clock)
    return verdict === true ? 'met' : verdict.code
  }

  it.each<[string, string, Principal]>([
    ['met', 'a proof that is just recent enough', person()],
    ['STEP_UP_REQUIRED', 'one that is a second older', person({ authTime: nowS - 601 })],
    ['STEP_UP_REQUIRED', 'one factor, however recent', person({ acr: 'aal1', authTime: nowS })],
    ['UNAUTHENTICATED', 'nobody', anonymous],
    ['FORBIDDEN', 'a key', anApiKey()],
    ['FORBIDDEN', 'a service', aService('users')],
    ['FORBIDDEN', 'whoever acts for a person', person({ authTime: nowS, act: { sub: 'usr_staff', write: true } })],
  ])('is %s by %s', (code, _who, principal) => {
    expect(codeOf('aal2', 600, principal)).toBe(code)
  })

  it('takes a proof of any age where none is named', () => {
    expect(codeOf('aal2', null, person({ authTime: 0 }))).toBe('met')
    expect(codeOf('aal1', null, person({ acr: 'aal1', authTime: 0 }))).toBe('met')
  })

  it('names in the refusal what would do', () => {
    expect(judgeAssurance({ level: 'aal2', maxAgeSeconds: 60 }, person(), clock)).toMatchObject({
      extensions: {
        code: 'STEP_UP_REQUIRED',
        assurance: { level: 'AAL2', maxAgeSeconds: 60 },
        factors: ['PASSKEY', 'TOTP', 'RECOVERY_CODE', 'EMAIL_CODE'],
      },
    })
  })
})
