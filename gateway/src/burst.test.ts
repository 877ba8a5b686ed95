import { Agent, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type OpenEstate, openEstate } from './estate.fixture.ts'

let estate: OpenEstate
const agent = new Agent({ keepAlive: true, maxSockets: 200, maxFreeSockets: 200 })

beforeAll(async () => {
  estate = await openEstate()
})
afterAll(async () => {
  agent.destroy()
  await estate.gateway.close()
})

const ask = (query: string) =>
  new Promise<string>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = httpRequest(`${estate.url}/graphql`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject).end(JSON.stringify({ query }))
  })

const burst = (count: number) => Array.from({ length: count }, () => ask('mutation { ping }'))

it('a query passes a burst of changes that came before it, and every change is made', async () => {
  // The connections are open and both operations prepared.
  await Promise.all([...burst(100), ask('{ open }')])
  await Promise.all([...burst(100), ask('{ open }')])
  estate.asked.length = 0
  const answers = await Promise.all([...burst(100), ask('{ open }')])
  expect(answers.filter((text) => text.includes('pong'))).toHaveLength(100)
  expect(estate.asked).toHaveLength(101)
  expect(estate.asked.findIndex(({ query }) => query.includes('open'))).toBeLessThan(60)
})
