import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { anonymous } from '@latchkey/principal'
import { Problem } from '@latchkey/problem'
import { expect, it, onTestFinished } from 'vitest'
import { httpTransport } from './over-http.ts'

/** A subgraph that can be frozen: connections are taken, and nothing is answered until it thaws. */
async function aReplica(answerAfterMs = 0) {
  let isFrozen = false
  const unanswered: (() => void)[] = []
  const asked: string[] = []
  const answer = async (method: string | undefined, response: ServerResponse) => {
    if (method === 'POST') await pause(answerAfterMs)
    response.end('{"data":{"hello":"hi"}}')
  }
  const server = createServer(({ method }, response) => {
    if (method === 'POST') asked.push(method)
    if (isFrozen) unanswered.push(() => void answer(method, response))
    else void answer(method, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    asked,
    freeze() {
      isFrozen = true
    },
    thaw() {
      isFrozen = false
      for (const late of unanswered.splice(0)) late()
    },
  }
}

function asking(urls: readonly string[], patienceMs = 100) {
  const transport = httpTransport({ subgraph: 'notes', urls, patienceMs, timeoutMs: 20_000 })
  onTestFinished(() => transport.close())
  return (query = '{ hello }') =>
    transport({ query, variables: {}, principal: anonymous, requestId: 'req_1' }).then(
      () => 'answered',
      (thrown: unknown) => (thrown instanceof Problem ? `${thrown.code} ${thrown.detail}` : thrown),
    )
}

const noSign = 'UNAVAILABLE notes: it gives no sign of life'
const known = 'UNAVAILABLE notes: nobody there has answered lately'

it('keeps nobody waiting for a subgraph that gives no sign of life, sends nobody there, and is back with it', async () => {
  const replica = await aReplica()
  const ask = asking([replica.url])
  expect(await ask()).toBe('answered')
  replica.freeze()
  const first = await Promise.all([ask(), ask('mutation { write }'), ask()])
  expect(first).toEqual([noSign, noSign, noSign])
  const sent = replica.asked.length
  expect(await ask()).toBe(known)
  expect(replica.asked).toHaveLength(sent)
  replica.thaw()
  await expect.poll(() => ask()).toBe('answered')
})

it('waits for a long answer while the subgraph gives signs', async () => {
  const ask = asking([(await aReplica(900)).url])
  expect(await ask()).toBe('answered')
})

it('asks another replica what is a question, and never a change', async () => {
  const [frozen, well] = [await aReplica(), await aReplica()]
  const ask = asking([frozen.url, well.url])
  frozen.freeze()
  const asked = await Promise.all(Array.from({ length: 8 }, () => ask()))
  expect(new Set(asked)).toEqual(new Set(['answered']))
  const sent = frozen.asked.length
  for (let times = 0; times < 5; times++) expect(await ask('mutation { write }')).toBe('answered')
  expect(frozen.asked).toHaveLength(sent)
})

it('can be closed while it waits for a sign', async () => {
  const replica = await aReplica()
  replica.freeze()
  const transport = httpTransport({ subgraph: 'notes', urls: [replica.url], patienceMs: 60_000, timeoutMs: 500 })
  const asked = transport({ query: '{ hello }', variables: {}, principal: anonymous, requestId: 'req_1' })
  await expect(asked).rejects.toThrow('Not available')
  await transport.close()
})
