import { createRequire } from 'node:module'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { buildSchema, execute, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import { enforce } from './enforce.ts'
import {
  type AccessRule,
  allow,
  anyOf,
  checkRules,
  deny,
  guardReference,
  inOrder,
  isGuardedReference,
  onlyService,
  type Rules,
  requiresScopes,
  rule,
  signedIn,
  signedInPerson,
  unguardedFields,
  type Verdict,
} from './guard.ts'

const require = createRequire(import.meta.url)
const { shield } = require('graphql-shield')
const { applyMiddleware } = require('graphql-middleware')

const as = (principal: Principal) => ({ principal, requestId: 'req_test' })
const outcomeOf = async (guard: AccessRule, principal: Principal, parent: unknown = {}) => {
  const verdict = await guard.judge(parent, {}, as(principal))
  return verdict === true ? 'ok' : verdict.code
}

const refuses = (name: string, code: Problem['code']) => rule(name, () => new Problem(code), { cache: 'none' })
const later = (name: string, verdict: Verdict) => rule(name, async () => verdict, { cache: 'none' })

describe('the rules everybody needs', () => {
  it.each([
    ['signedIn', signedIn, 'UNAUTHENTICATED', 'ok', 'ok', 'UNAUTHENTICATED'],
    ['signedInPerson', signedInPerson, 'UNAUTHENTICATED', 'ok', 'FORBIDDEN', 'FORBIDDEN'],
    ['requiresScopes', requiresScopes(['keys:read']), 'UNAUTHENTICATED', 'ok', 'ok', 'FORBIDDEN'],
    ['onlyService', onlyService('sessions'), 'UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'ok'],
    ['onlyService of another', onlyService('users'), 'UNAUTHENTICATED', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
    ['allow', allow, 'ok', 'ok', 'ok', 'ok'],
    ['deny', deny, 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
  ])(
    '%s answers strangers, people, keys and services as it promises',
    async (_name, guard, stranger, person, key, service) => {
      expect(await outcomeOf(guard, anonymous)).toBe(stranger)
      expect(await outcomeOf(guard, aUser())).toBe(person)
      expect(await outcomeOf(guard, anApiKey())).toBe(key)
      expect(await outcomeOf(guard, aService('sessions'))).toBe(service)
    },
  )

  it('requires every scope of one of the sets', async () => {
    const guard = requiresScopes(['a', 'b'], ['c'])
    const holding = (...scopes: string[]) => outcomeOf(guard, anApiKey({ scopes }))
    expect([await holding('a'), await holding('b', 'a'), await holding('c'), await holding()]).toEqual([
      'FORBIDDEN',
      'ok',
      'ok',
      'FORBIDDEN',
    ])
  })

  it('is one rule for one question, so that two fields may ask it', () => {
    expect(requiresScopes(['a'], ['b'])).toBe(requiresScopes(['a'], ['b']))
    expect(requiresScopes(['a', 'b'])).not.toBe(requiresScopes(['a'], ['b']))
  })
})

describe('a rule', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('boom')
      },
    ],
    ['rejects', () => Promise.reject(new Error('boom'))],
    ['gives an Error that is no Problem', () => new Error('boom') as never],
    ['gives false', () => false as never],
    ['gives something truthy', () => 'yes' as never],
    ['resolves to something truthy', async () => 1 as never],
  ])('that %s refuses with INTERNAL and keeps the cause', async (_what, judge) => {
    const verdict = await rule('broken', judge, { cache: 'none' }).judge({}, {}, as(aUser()))
    expect(verdict).toMatchObject({ code: 'INTERNAL', detail: 'rule broken failed', cause: expect.any(Error) })
  })

  it('may throw a Problem instead of returning it', async () => {
    const problem = new Problem('STEP_UP_REQUIRED')
    const thrower = rule(
      'thrower',
      () => {
        throw problem
      },
      { cache: 'none' },
    )
    expect(thrower.judge({}, {}, as(aUser()))).toBe(problem)
  })

  it('that is remembered is judged once per operation, and anew for the next', () => {
    let judged = 0
    const counting = rule('counting', () => ++judged > 0 || new Problem('FORBIDDEN'), { cache: 'principal' })
    const one = as(aUser())
    for (const parent of [{ id: 1 }, { id: 2 }]) counting.judge(parent, {}, one)
    counting.judge({}, {}, as(aUser()))
    expect(judged).toBe(2)
  })

  it('that is remembered for one principal is judged anew for another, even in a copy of the context', () => {
    const mine = as(aUser())
    expect(signedIn.judge({}, {}, mine)).toBe(true)
    expect(signedIn.judge({}, {}, { ...mine, principal: anonymous })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('that is remembered and asynchronous shares its promise, then its verdict', async () => {
    let judged = 0
    const counting = rule('countingLater', async () => ++judged > 0 || new Problem('FORBIDDEN'), { cache: 'principal' })
    const context = as(aUser())
    await Promise.all([counting.judge({}, {}, context), counting.judge({}, {}, context)])
    expect([judged, counting.judge({}, {}, context)]).toEqual([1, true])
  })

  it('that is remembered but looks at the object refuses: it is never shown one, so it cannot answer for another', async () => {
    const leaky = rule('leaky', (note: { open: boolean }) => note.open !== false || new Problem('NOT_FOUND'), {
      cache: 'principal',
    })
    expect(await outcomeOf(leaky, aUser(), { open: true })).toBe('INTERNAL')
    expect(await outcomeOf(leaky, aUser(), { open: false })).toBe('INTERNAL')
  })
})

describe('inOrder', () => {
  it('stops at the first refusal', async () => {
    let reached = false
    const watcher = rule('watcher', () => (reached = true), { cache: 'none' })
    const guard = inOrder(allow, later('slow', true), refuses('no', 'NOT_FOUND'), watcher)
    expect([await outcomeOf(guard, aUser()), reached]).toEqual(['NOT_FOUND', false])
  })

  it('stops at a refusal that takes its time', async () => {
    let reached = false
    const watcher = rule('watcher', () => (reached = true), { cache: 'none' })
    const guard = inOrder(later('slowNo', new Problem('CONFLICT')), watcher)
    expect([await outcomeOf(guard, aUser()), reached]).toEqual(['CONFLICT', false])
  })

  it('needs no promise when its rules need none', () => {
    expect(inOrder(signedIn, allow).judge({}, {}, as(aUser()))).toBe(true)
  })
})

describe('anyOf', () => {
  it('stops at the first that lets through, asynchronous or not', async () => {
    expect(await outcomeOf(anyOf(refuses('a', 'NOT_FOUND'), later('b', true), refuses('c', 'CONFLICT')), aUser())).toBe(
      'ok',
    )
  })

  it('tells the refusal of its first rule when none lets through', async () => {
    expect(await outcomeOf(anyOf(refuses('a', 'NOT_FOUND'), later('b', new Problem('CONFLICT'))), aUser())).toBe(
      'NOT_FOUND',
    )
  })

  it('refuses when one of its rules is broken, even if a later one would let through', async () => {
    const broken = rule('broken', () => Promise.reject(new Error('boom')), { cache: 'none' })
    expect(await outcomeOf(anyOf(broken, allow), aUser())).toBe('INTERNAL')
  })

  it('of nothing lets nobody through', async () => {
    expect(await outcomeOf(anyOf(), aUser())).toBe('FORBIDDEN')
  })
})

const sdl = `type Query { open: String person: Person _service: String } type Person { name: String age: Int }`

describe('the rules of a schema', () => {
  it('names every field without a rule', () => {
    const rules: Rules = { Query: { open: allow }, Person: { name: allow } }
    expect(unguardedFields(buildSchema(sdl), rules)).toEqual(['Query.person', 'Person.age'])
    expect(() => checkRules(buildSchema(sdl), rules)).toThrow('No rule guards Query.person, Person.age')
  })

  it('takes a wildcard for no rule', () => {
    expect(unguardedFields(buildSchema(sdl), { Query: { '*': allow }, Person: allow })).toEqual([
      'Query.open',
      'Query.person',
    ])
  })

  it('is not fooled by names that every object has', () => {
    const schema = buildSchema('type Query { toString: String } type constructor { valueOf: String }')
    expect(unguardedFields(schema, {})).toEqual(['Query.toString', 'constructor.valueOf'])
  })

  it.each<[string, Rules, string]>([
    ['an unknown field', { Query: { open: allow, person: allow, gone: allow }, Person: allow }, 'Query.gone'],
    ['an unknown type', { Query: allow, Person: allow, Gone: allow }, 'Gone'],
    ['two rules of one name', { Query: refuses('same', 'CONFLICT'), Person: refuses('same', 'FORBIDDEN') }, 'same'],
  ])('refuses %s', (_what, rules, named) => {
    expect(() => checkRules(buildSchema(sdl), rules)).toThrow(named)
  })
})

describe('enforcing', () => {
  const principals = [anonymous, aUser(), anApiKey(), aService('sessions')]
  const ofAge = rule('ofAge', async ({ age }: { age: number }) => age > 17 || new Problem('NOT_FOUND'), {
    cache: 'none',
  })
  const rules: Rules = {
    Query: {
      open: allow,
      person: anyOf(onlyService('sessions'), inOrder(signedIn, later('slow', true))),
      _service: allow,
    },
    Person: { name: inOrder(signedInPerson, ofAge), age: requiresScopes(['keys:read']) },
  }
  const answers = (schema: ReturnType<typeof buildSchema>, principal: Principal) =>
    execute({
      schema,
      document: parse('{ open person { name age } }'),
      rootValue: { open: 'yes', person: { name: 'Ada', age: 17 } },
      contextValue: { ...as(principal) },
    })

  it('reaches the verdicts that graphql-shield itself reaches by the same rules', async () => {
    const options = { fallbackRule: deny, fallbackError: (thrown: unknown) => thrown ?? new Problem('INTERNAL') }
    const theirs = applyMiddleware(buildSchema(sdl), shield(rules, options))
    const ours = buildSchema(sdl)
    enforce(ours, rules)
    for (const principal of principals) {
      const [one, other] = [await answers(ours, principal), await answers(theirs, principal)]
      expect(JSON.parse(JSON.stringify(one))).toEqual(JSON.parse(JSON.stringify(other)))
    }
  })

  it('refuses a field that has no rule, where shield by default would answer', async () => {
    const schema = buildSchema(sdl)
    enforce(schema, {})
    expect(await answers(schema, aUser())).toMatchObject({ data: { open: null, person: null } })
  })
})

describe('a guarded reference', () => {
  const info = {} as never
  it('is refused before anything is loaded, with the reference as parent', async () => {
    let loads = 0
    const isOne = rule('isOne', ({ id }: { id: string }) => id === '1' || new Problem('NOT_FOUND'), { cache: 'none' })
    const resolve = guardReference(isOne, () => ++loads) as (...parts: unknown[]) => Promise<unknown>
    await expect(resolve({ id: '2' }, as(aUser()), info)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(loads).toBe(0)
    expect(await resolve({ id: '1' }, as(aUser()), info)).toBe(1)
  })

  it('is told from a bare function', () => {
    expect(isGuardedReference(guardReference(allow, () => null))).toBe(true)
    expect(isGuardedReference(() => null)).toBe(false)
  })
})
