import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clockAt } from '@latchkey/clock/testing'
import { anonymous } from '@latchkey/principal'
import { aUser } from '@latchkey/principal/testing'
import { readAccessMap } from '@latchkey/subgraph/access-map'
import { createLogger } from '@latchkey/telemetry'
import { afterAll, describe, expect, it } from 'vitest'
import { composeSupergraph } from '../compose/compose.ts'
import { createPolicyJudge, type Policies, type PolicyQuestion, warnOfUnknownPolicies } from './policies.ts'
import { followPolicies, loadPolicies } from './policies-file.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const asked = {
  principal: aUser({ scopes: ['a'] }),
  operation: { kind: 'query', name: 'Mine' } as const,
  client: { address: '192.0.2.1' },
}

function judging(policies: Policies, elapsedMs?: () => number) {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'info', service: 'test', destination })
  const judge = createPolicyJudge({ policies, clock, logger, ...(elapsedMs && { elapsedMs }) })
  return { verdicts: (question = asked) => judge(() => question), lines, logger }
}

/** A watch that is read before and after each time a policy is asked, and says that it took so long. */
function watchOf(...tookMs: number[]) {
  let nowMs = 0
  let isRunning = false
  return () => {
    if (isRunning) nowMs += tookMs.shift() ?? 0
    isRunning = !isRunning
    return nowMs
  }
}

describe('a policy', () => {
  it('lets through when it says true', () => {
    const { verdicts } = judging({ yes: () => true, no: () => false })
    expect([verdicts().allows('yes'), verdicts().allows('no')]).toEqual([true, false])
  })

  it.each<[string, () => unknown]>([
    ['what is truthy', () => 1],
    ['nothing', () => undefined],
    ['a promise of true', async () => true],
    [
      'an exception',
      () => {
        throw new Error('no')
      },
    ],
  ])('says no with %s', (_, policy) => {
    const { verdicts } = judging({ policy: policy as () => boolean })
    expect(verdicts().allows('policy')).toBe(false)
  })

  it('that is not registered says no, also under a name that every object has', () => {
    const { verdicts } = judging({})
    expect([verdicts().allows('missing'), verdicts().allows('constructor'), verdicts().allows('__proto__')]).toEqual([
      false,
      false,
      false,
    ])
  })

  it('is told who asks what from where and when, and can change none of it', () => {
    const told: PolicyQuestion[] = []
    const { verdicts } = judging({ p: (question) => told.push(question) > 0 })
    verdicts().allows('p')
    expect(told).toEqual([{ ...asked, nowMs: Date.parse('2030-01-01T00:00:00Z') }])
    const [question] = told
    for (const part of [question, question?.principal, question?.operation, question?.client])
      expect(Object.isFrozen(part)).toBe(true)
    expect(question?.principal.kind === 'user' && Object.isFrozen(question.principal.scopes)).toBe(true)
  })

  it('is asked once for a request, and anew for the next', () => {
    let times = 0
    const { verdicts } = judging({ p: () => ++times > 0 })
    const request = verdicts()
    expect([request.allows('p'), request.allows('p'), request.allows('p'), times]).toEqual([true, true, true, 1])
    verdicts({ ...asked, principal: anonymous as never }).allows('p')
    expect(times).toBe(2)
  })

  it('that fails says in the log which it was, and why', () => {
    const { verdicts, lines } = judging({
      broken: () => {
        throw new Error('a bug')
      },
    })
    verdicts().allows('broken')
    expect(lines.join('')).toMatch(/"policy":"broken".*a bug/)
  })
})

describe('the budget of five milliseconds', () => {
  it('is for all policies of a request: whoever comes after it is used up says no unasked', () => {
    let times = 0
    const { verdicts } = judging({ a: () => true, b: () => true, c: () => ++times > 0 }, watchOf(3, 2, 0))
    const request = verdicts()
    expect([request.allows('a'), request.allows('b'), request.allows('c'), times]).toEqual([true, true, false, 0])
  })

  it('makes a late yes a no, and says so in the log', () => {
    const { verdicts, lines } = judging({ slow: () => true }, watchOf(6, 6))
    expect(verdicts().allows('slow')).toBe(false)
    expect(lines.join('')).toMatch(/"policy":"slow".*late/)
  })

  it('does not hold a pause of the process against a policy: it is asked once more', () => {
    const { verdicts, lines } = judging({ quick: () => true }, watchOf(40, 0.1))
    expect([verdicts().allows('quick'), lines]).toEqual([true, []])
  })
})

describe('a policy of the supergraph that nobody registered', () => {
  it('is told of at the start, with every coordinate that it shuts', () => {
    const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@policy"])
      type Query { a: Int @policy(policies: [["known"], ["lost"]]) b: Box c: Int @policy(policies: [["lost", "gone"]]) }
      type Box @policy(policies: [["lost"]]) { x: Int }`
    const composition = composeSupergraph({ subgraphs: [{ name: 'a', url: 'http://a.test', file: 'a.graphql', sdl }] })
    if ('errors' in composition) throw new Error(composition.errors.join('\n'))
    const { lines, logger } = judging({})
    warnOfUnknownPolicies(readAccessMap(composition.sdl), { known: () => true }, logger)
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', policy: 'lost', coordinates: ['Query.a', 'Query.c', 'Box'] },
      { level: 'warn', policy: 'gone', coordinates: ['Query.c'] },
    ])
  })
})

describe('a file of policies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policies-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('gives each export by its name, also one that is no word of JavaScript', async () => {
    const path = file(
      'good.mjs',
      `export const office = ({ client }) => client.address.startsWith('10.')
       const paid = () => true
       export { paid as 'billing:paid' }`,
    )
    const policies = await loadPolicies(path)
    expect(Object.keys(policies).sort()).toEqual(['billing:paid', 'office'])
    const { verdicts } = judging(policies)
    expect([verdicts().allows('office'), verdicts().allows('billing:paid')]).toEqual([false, true])
  })

  it('is not needed', async () => {
    expect([await loadPolicies(undefined), await loadPolicies(null)]).toEqual([{}, {}])
  })

  it.each([
    ['answers later', 'later.mjs', 'export const p = async () => true', 'p is no function that answers at once'],
    ['is no function', 'constant.mjs', 'export const p = true', 'p is no function'],
    ['has no name', 'default.mjs', 'export default () => true', 'by its name'],
    ['does not run', 'throws.mjs', 'throw new Error("a bug in it")', 'a bug in it'],
  ])('stops the start in one line when a policy %s', async (_, name, text, reason) => {
    const path = file(name, text)
    await expect(loadPolicies(path)).rejects.toThrow(path)
    await expect(loadPolicies(path)).rejects.toThrow(reason)
    await expect(loadPolicies(path)).rejects.not.toThrow(/\n/)
  })

  it('is read anew when told to: what it does not say any more says no, and one that is wrong changes nothing', async () => {
    const path = file('followed.mjs', 'export const kept = () => true; export const left = () => true')
    const lines: string[] = []
    const destination = { write: (line: string) => void lines.push(line) }
    const logger = createLogger({ level: 'info', service: 'test', destination })
    const { policies, reload } = await followPolicies(path, logger)
    const { verdicts } = judging(policies)
    const says = () => ['kept', 'left', 'come'].map(verdicts().allows)
    expect(says()).toEqual([true, true, false])
    file('followed.mjs', 'export const kept = () => false; export const come = () => true')
    expect(says()).toEqual([true, true, false])
    await reload()
    expect(says()).toEqual([false, false, true])
    for (const text of ['export const come = async () => true', 'export const come = (']) {
      file('followed.mjs', text)
      await reload()
      expect(says()).toEqual([false, false, true])
    }
    file('followed.mjs', 'export const left = () => true')
    await Promise.all([reload(), reload()])
    expect(says()).toEqual([false, true, false])
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['info', 'error', 'error', 'info', 'info'])
  })

  it('stops the start when it is not there', async () => {
    await expect(loadPolicies(join(folder, 'none.mjs'))).rejects.toThrow(/none\.mjs: the policies cannot be loaded/)
  })
})
