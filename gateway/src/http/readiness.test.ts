import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { afterEach, describe, expect, it } from 'vitest'
import { saysReady } from './readiness.ts'

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

const readyAt = (...urls: string[]) => {
  const transport = httpTransport({ subgraph: 'users', urls })
  undo.push(() => transport.close())
  return saysReady(transport.doors)()
}

describe('a subgraph', () => {
  it('is ready when all of its replicas are, and degraded while one is', async () => {
    expect(await readyAt(await saying(200), await saying(200))).toBe('ready')
    expect(await readyAt(unreachable, await saying(503), await frozen(), await saying(200))).toBe('degraded')
  })

  it('is away when none says so within a second, though it takes connections', async () => {
    expect(await readyAt(unreachable, await saying(503), await frozen())).toBe('away')
    expect(await readyAt()).toBe('away')
  })
})
