import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clockAt } from '@latchkey/clock/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { createReadiness, saysReady } from './readiness.ts'

const undo: (() => unknown)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

/** A subgraph's address. */
async function subgraph(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
}

const saying = (status: number) =>
  subgraph(({ url }, response) => response.writeHead(url === '/health/ready' ? status : 404).end())
const frozen = () => subgraph(() => {})
const unreachable = 'http://127.0.0.1:9/graphql'

describe('a subgraph', () => {
  it('is ready when any of its replicas is', async () => {
    expect(await saysReady([unreachable, await saying(503), await frozen(), await saying(200)])()).toBe(true)
  })

  it('is not when none says so within a second, though it takes connections', async () => {
    expect(await saysReady([unreachable, await saying(503), await frozen()])()).toBe(false)
    expect(await saysReady([])()).toBe(false)
  })
})

describe('readiness', () => {
  it('is that of every part, and a part that fails is not ready', async () => {
    const parts = { yes: async () => true, no: async () => false, fails: () => Promise.reject(new Error('away')) }
    const clock = clockAt('2030-01-01T00:00:00Z')
    const of = (...names: (keyof typeof parts)[]) =>
      createReadiness(
        names.map((name) => parts[name]),
        clock,
      )()
    expect(await Promise.all([of('yes', 'yes'), of('yes', 'no'), of('fails', 'yes')])).toEqual([true, false, false])
  })

  it('is asked of the parts once a second, however often we are probed', async () => {
    const clock = clockAt('2030-01-01T00:00:00Z')
    const state = { asked: 0, ready: true }
    const part = async () => {
      state.asked += 1
      return state.ready
    }
    const ready = createReadiness([part], clock)
    await Promise.all(Array.from({ length: 100 }, ready))
    state.ready = false
    clock.advance(999)
    expect([await ready(), state.asked]).toEqual([true, 1])
    clock.advance(1)
    expect([await ready(), state.asked]).toEqual([false, 2])
  })
})
