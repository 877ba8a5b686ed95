import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { clockAt } from '@latchkey/clock/testing'
import { parse } from 'graphql'
import { afterEach, describe, expect, it } from 'vitest'
import { createEngine } from '../engine.ts'
import { compose } from '../federation.contract.ts'
import { createPlanning, type PlanningTerms } from './planning.ts'

const ref = 'type Ref @shareable { code: ID! }'

/** The planner is ended by `{ cats { sum } }`: a field that requires another, of an entity with two keys of which one is nested. */
const deadly = compose({
  a: `type Query { x: Int } type Cat @key(fields: "id") @key(fields: "ref { code }") { id: ID! ref: Ref!
    sum: String @requires(fields: "dims { code }") dims: [Ref] @external } ${ref}`,
  b: `type Query { cats: [Cat] } type Cat @key(fields: "id") { id: ID! dims: [Ref] name: String } ${ref}`,
})
const graphWith = (field: string) => compose({ s: `type Query { ${field}: Int }` })

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

function opened(terms: Partial<PlanningTerms> = {}) {
  const told: unknown[] = []
  const clock = clockAt('2030-01-01T00:00:00Z')
  const tell = (...line: unknown[]) => void told.push(line)
  const planning = createPlanning({ clock, logger: { warn: tell, error: tell } as never, terms })
  undo.push(planning.close)
  return { ...planning, planning, pid: () => planning.pid ?? 0, clock, told }
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const gone = (pid: number) => expect.poll(() => isRunning(pid)).toBe(false)
const fetched = { kind: 'QueryPlan', node: { kind: 'Fetch' } }
const refusal = { code: 'OPERATION_TOO_COSTLY', message: expect.stringContaining('smaller parts') }

describe('an operation that ends the planner', () => {
  it('is refused, and all the others that are under way are planned', async () => {
    const { over, told } = opened()
    const planner = over(deadly)
    const others = (from: number) =>
      Array.from({ length: 25 }, (_, n) => planner.plan(`{ n${from + n}: cats { name } }`))
    const before = others(0)
    const guilty = planner.plan('{ cats { sum } }')
    const answers = await Promise.allSettled([...before, guilty, ...others(25)])
    expect(answers.splice(25, 1)).toMatchObject([{ status: 'rejected', reason: refusal }])
    expect(answers).toHaveLength(50)
    for (const answer of answers) expect(answer).toMatchObject({ status: 'fulfilled', value: fetched })
    const line = {
      operation: expect.any(String),
      by: 'the question',
      detail: expect.stringMatching(/SIGABRT.*\.rs:\d/),
    }
    expect(told).toEqual([[line, expect.any(String)]])
  })

  it('ends no other one when it comes again, until some time has passed', async () => {
    const { over, pid, clock, told } = opened()
    const planner = over(deadly)
    await expect(planner.plan('{ cats { sum } }')).rejects.toMatchObject(refusal)
    const next = pid()
    for (let times = 0; times < 3; times++)
      await expect(planner.plan('{ cats { sum } }')).rejects.toMatchObject(refusal)
    expect(await planner.plan('{ cats { name } }')).toMatchObject(fetched)
    expect([pid(), told.length]).toEqual([next, 1])
    clock.advance(600_000)
    await expect(planner.plan('{ cats { sum } }')).rejects.toMatchObject(refusal)
    expect(told.length).toBe(2)
  })

  it('ends one planner when it is asked many times at once', async () => {
    const { over, told } = opened()
    const planner = over(deadly)
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => planner.plan('{ cats { sum } }')))
    for (const answer of answers) expect(answer).toMatchObject({ reason: refusal })
    expect(told).toHaveLength(1)
  })

  it('is told to the client by its code, with no data', async () => {
    const transports = { a: async () => ({}), b: async () => ({}) }
    const { prepare, run } = createEngine({ supergraphSdl: deadly, transports, planning: opened().planning })
    const request = { variables: {}, principal: { kind: 'anonymous' }, requestId: 'r' } as const
    const result = await run(prepare(parse('{ cats { sum } }')), request)
    expect(result).toEqual({ errors: [expect.objectContaining({ extensions: { code: 'OPERATION_TOO_COSTLY' } })] })
  })

  it('is also one that is not planned in time', async () => {
    const { over, pid, told } = opened({ planMsMax: 2 })
    const { open, plan } = over(deadly)
    await open()
    const [endless, first] = [`{ ${Array.from({ length: 5_000 }, (_, n) => `n${n}: cats { name }`)} }`, pid()]
    await expect(plan(endless)).rejects.toMatchObject(refusal)
    await gone(first)
    await expect(plan(endless)).rejects.toMatchObject(refusal)
    const late = expect.objectContaining({ by: 'the question', detail: expect.stringContaining('processor') })
    expect(told).toEqual([[late, expect.any(String)]])
  })
})

describe('a planner that somebody ends', () => {
  it('is replaced, and whatever was asked is planned all the same', async () => {
    const { over, pid } = opened()
    const planner = over(deadly)
    await planner.open()
    const asked = Array.from({ length: 50 }, (_, n) => planner.plan(`{ n${n}: cats { name } }`))
    await asked[5]
    const first = pid()
    process.kill(first, 'SIGKILL')
    for (const plan of await Promise.all(asked)) expect(plan).toMatchObject(fetched)
    expect(pid()).not.toBe(first)
    process.kill(pid(), 'SIGKILL')
    await gone(pid())
    expect(await planner.plan('{ cats { id } }')).toMatchObject(fetched)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stays when %s is sent to all: it is for the gateway to close it',
    async (signal) => {
      const { over, pid } = opened()
      const planner = over(deadly)
      await planner.open()
      const first = pid()
      process.kill(first, signal)
      expect(await planner.plan('{ cats { id } }')).toMatchObject(fetched)
      expect(pid()).toBe(first)
    },
  )
})

describe('planning', () => {
  it('is over each supergraph by itself, however many there were meanwhile', async () => {
    const { over } = opened()
    const fields = Array.from({ length: 8 }, (_, n) => `field${n}`)
    const planners = fields.map((field) => over(graphWith(field)))
    const all = () => Promise.all(planners.map(({ plan }, n) => plan(`{ ${fields[n]} }`)))
    for (const plans of [await all(), await all()])
      expect(plans).toMatchObject(fields.map((field) => ({ node: { operation: `{${field}}` } })))
  })

  it('is not over what is no supergraph', async () => {
    const { over } = opened()
    await expect(over('type Query { a: ').open()).rejects.toThrow('There is no planning over this supergraph')
    await expect(over('type Query { a: ').plan('{ a }')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await over(deadly).plan('{ cats { id } }')).toMatchObject(fetched)
  })

  it('is refused for more than may wait', async () => {
    const { over } = opened({ waitingMax: 3 })
    const planner = over(deadly)
    const answers = await Promise.allSettled(
      Array.from({ length: 5 }, (_, n) => planner.plan(`{ n${n}: cats { id } }`)),
    )
    expect(answers.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), 'rejected', 'rejected'])
    expect(answers[4]).toMatchObject({ reason: { code: 'UNAVAILABLE', facts: { retryAfterMs: 1_000 } } })
  })

  it('ends with its process when it is closed; nobody waits for ever', async () => {
    const { over, pid, close } = opened()
    const planner = over(deadly)
    await planner.open()
    const answers = Array.from({ length: 5 }, (_, n) => planner.plan(`{ n${n}: cats { id } }`))
    close()
    for (const answer of await Promise.allSettled(answers))
      expect(answer).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
    await gone(pid())
    await expect(planner.plan('{ cats { id } }')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  it('leaves no process behind when the gateway is killed', async () => {
    const entry = fileURLToPath(new URL('../../../bin/planner.mjs', import.meta.url))
    const script = `require('node:child_process').fork(${JSON.stringify(entry)}).on('message', () => console.log('ready'))`
    const gateway = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(gateway.stdout, 'data')
    gateway.kill('SIGKILL')
    // Not before the last process that writes to its output has ended.
    expect(await once(gateway, 'close')).toEqual([null, 'SIGKILL'])
  })
})
