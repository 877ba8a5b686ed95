import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal, type UserPrincipal } from '@latchkey/principal'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import { describe, expect, it } from 'vitest'
import { allow, deny, type Rules } from './guard.ts'
import { createSubgraph, type SubgraphDefinition } from './subgraph.ts'
import { ask } from './testing.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const nowS = clock.now().getTime() / 1_000

const declared = `directive @requiresAssurance(level: AssuranceLevel! = AAL1, maxAge: Int) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE
  enum AssuranceLevel { AAL1 AAL2 }`
const typeDefs = `${declared}
  type Query { open: Int recent: Int @requiresAssurance(maxAge: 600) closed: Int @requiresAssurance safe: Safe note: Note! }
  type Mutation { change: Int }
  type Safe @requiresAssurance(level: AAL2) { gold: Int }
  extend type Query { added: Int @requiresAssurance(level: AAL2) }
  interface Coded @requiresAssurance(maxAge: 60) { code: Int @requiresAssurance(level: AAL2) }
  type Note implements Coded { code: Int text: String }`
const rules: Rules = {
  Query: { open: allow, recent: allow, closed: deny, safe: allow, note: allow, added: allow },
  Mutation: allow,
  Safe: allow,
  Note: allow,
}

const create = (changed: Partial<SubgraphDefinition<object>> = {}) =>
  createSubgraph({
    ...{ name: 'n', typeDefs, rules, clock, logger: silentLogger },
    resolvers: { Query: { safe: () => ({}), note: () => ({}) } },
    contextFor: () => ({}),
    ...changed,
  })
const subgraph = create()
const codesOf = async (principal: Principal, query: string) =>
  ((await ask(subgraph, principal, query)).errors ?? []).map(({ extensions }) => extensions?.code)
const person = (changed: Partial<UserPrincipal> = {}) => aUser({ acr: 'aal2', authTime: nowS, ...changed })

describe('a field that asks for assurance', () => {
  it.each<[string, string, Principal, readonly string[]]>([
    ['a fresh proof', '{ recent }', person({ acr: 'aal1' }), []],
    ['a proof of 601 seconds ago', '{ recent }', person({ authTime: nowS - 601 }), ['STEP_UP_REQUIRED']],
    ['nobody', '{ recent }', anonymous, ['UNAUTHENTICATED']],
    ['a key', '{ recent }', anApiKey(), ['FORBIDDEN']],
    ['whoever acts for a person', '{ recent }', person({ act: { sub: 'usr_staff', write: true } }), ['FORBIDDEN']],
    [
      'one factor, of a field of a type that wants two',
      '{ safe { gold } }',
      person({ acr: 'aal1' }),
      ['STEP_UP_REQUIRED'],
    ],
    ['one factor, of a field that was added', '{ added }', person({ acr: 'aal1' }), ['STEP_UP_REQUIRED']],
    [
      'one factor, of a field whose interface wants two',
      '{ note { code } }',
      person({ acr: 'aal1' }),
      ['STEP_UP_REQUIRED'],
    ],
    [
      'an old proof, of a type whose interface wants a fresh one',
      '{ note { text } }',
      person({ authTime: nowS - 61 }),
      ['STEP_UP_REQUIRED'],
    ],
    ['two factors', '{ added safe { gold } note { code text } }', person(), []],
  ])('asked with %s', async (_with, query, principal, codes) => {
    expect(await codesOf(principal, query)).toEqual(codes)
  })

  it('asks for it besides its rule, and never instead of it', async () => {
    expect(await codesOf(person(), '{ closed }')).toEqual(['FORBIDDEN'])
    expect(await codesOf(anonymous, '{ open }')).toEqual([])
  })

  it('does not start without a rule, without a clock, or under a name that would go unenforced', () => {
    expect(() => create({ rules: { ...rules, Safe: {} } })).toThrow('No rule guards Safe.gold')
    const { clock: _, ...clockless } = {
      name: 'n',
      typeDefs,
      rules,
      resolvers: {},
      contextFor: () => ({}),
      logger: silentLogger,
      clock,
    }
    expect(() => createSubgraph(clockless)).toThrow('Query.recent asks for assurance, which takes a clock')
    const renamed = `extend schema @link(url: "https://latchkey.dev/requiresAssurance/v1.0", import: [{ name: "@requiresAssurance", as: "@stepUp" }])
      ${typeDefs.replaceAll('@requiresAssurance', '@stepUp')}`
    expect(() => create({ typeDefs: renamed })).toThrow('under its own name')
  })
})

describe('whoever acts for a person', () => {
  it('looks and changes nothing, whatever the rules say, unless they were let', async () => {
    const acting = (write: boolean) => person({ act: { sub: 'usr_staff', write } })
    expect(await codesOf(acting(false), '{ open }')).toEqual([])
    expect(await codesOf(acting(false), 'mutation { change }')).toEqual(['FORBIDDEN'])
    expect(await codesOf(acting(true), 'mutation { change }')).toEqual([])
  })
})
