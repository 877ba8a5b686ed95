import { clockAt } from '@latchkey/clock/testing'
import { describe, expect, it } from 'vitest'
import { answering, createHealth, createHealthAnswers, missed, type PartState } from './health.ts'

const at = () => clockAt('2030-01-01T00:00:00Z')
const always = (state: PartState) => async () => state
const fails = () => Promise.reject(new Error('away'))

/** A part whose state the test sets. */
function aPart(state: PartState = 'ready') {
  const seen = { asked: 0, state }
  const part = async () => {
    seen.asked += 1
    return seen.state
  }
  return { seen, part }
}

describe('a report', () => {
  it.each([
    ['ready when every part is', { a: always('ready'), b: always('ready') }, 'ready'],
    ['degraded when one is', { a: always('ready'), b: always('degraded') }, 'degraded'],
    ['not ready when one is away', { a: always('degraded'), b: always('away') }, 'not ready'],
    ['not ready when one fails', { a: always('ready'), b: fails }, 'not ready'],
    ['ready of a process without parts', {}, 'ready'],
  ])('is %s', async (_what, parts, status) => {
    expect((await createHealth(parts, at())()).status).toBe(status)
  })

  it('does not wait for a part that says nothing', async () => {
    const report = await createHealth({ frozen: () => new Promise(() => {}), store: always('ready') }, at())()
    expect(report).toEqual({ status: 'not ready', parts: { frozen: 'away', store: 'ready' } })
  })

  it('is asked of the parts once a second, however often we are probed', async () => {
    const clock = at()
    const { seen, part } = aPart()
    const health = createHealth({ part }, clock)
    await Promise.all(Array.from({ length: 100 }, health))
    seen.state = 'away'
    clock.advance(999)
    expect([(await health()).status, seen.asked]).toEqual(['ready', 1])
    clock.advance(1)
    expect([(await health()).status, seen.asked]).toEqual(['not ready', 2])
  })
})

describe('a part', () => {
  it('that is a store is ready when it answers', async () => {
    expect(await answering(async () => 'PONG')()).toBe('ready')
    await expect(answering(fails)()).rejects.toThrow('away')
  })

  it('that is missed is needed until it was seen, and leaves the process degraded when it goes', async () => {
    const { seen, part } = aPart('away')
    const some = missed(part)
    expect(await some()).toBe('away')
    seen.state = 'ready'
    expect(await some()).toBe('ready')
    seen.state = 'away'
    expect(await some()).toBe('degraded')
  })
})

describe('what is told', () => {
  const parts = { redis: 'degraded' } as const
  const answers = (state: { draining: boolean }, token?: string) =>
    createHealthAnswers({
      ready: async () => ({ status: 'degraded', parts }),
      isDraining: () => state.draining,
      token,
    })

  it('to anybody is the status; the parts are told to who brings the token', async () => {
    const told = answers({ draining: false }, 'a token of some length')
    const status = { status: 200, words: { status: 'degraded' } }
    for (const stranger of [undefined, '', 'Bearer', 'Bearer a token', 'a token of some length'])
      expect(await told('/health/ready', stranger)).toEqual(status)
    expect(await told('/health/ready', 'Bearer a token of some length')).toEqual({
      status: 200,
      words: { status: 'degraded', parts },
    })
  })

  it('of the parts is nothing to anybody when there is no token', async () => {
    for (const given of ['Bearer ', 'Bearer undefined'])
      expect((await answers({ draining: false })('/health/ready', given))?.words).toEqual({ status: 'degraded' })
  })

  it('while it drains is that it lives, and takes nothing more', async () => {
    const told = answers({ draining: true }, 't')
    expect(await told('/health/live', undefined)).toEqual({ status: 200, words: { status: 'live' } })
    for (const path of ['/health/ready', '/health/serving'])
      expect(await told(path, 'Bearer t')).toEqual({ status: 503, words: { status: 'draining' } })
  })

  it('of serving is the process alone, whatever its stores do', async () => {
    const told = createHealthAnswers({ ready: fails, isDraining: () => false })
    expect([
      (await told('/health/serving', undefined))?.status,
      (await told('/health/ready', undefined))?.status,
    ]).toEqual([200, 503])
    expect(await told('/health', undefined)).toBeNull()
  })
})
