import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { attack, type Report } from './attack.ts'

/** Does whatever it is told, for anybody, and tells how. */
const careless = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('access-control-allow-origin', '*')
    const value = { id: '1', sessions: [{ id: '1' }], apiKey: { id: '1' } }
    const names = ['me', 'createApiKey', 'g1', 'g2', '__schema']
    const data = Object.fromEntries(names.map((name) => [name, value]))
    response.end(JSON.stringify({ data, errors: [{ message: 'Error at /app/src/db.ts:1:1' }] }))
  })
})
let server: Server
let origin = ''

beforeAll(async () => {
  server = careless.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const token = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl'

it('finds that nothing holds where nothing does, but for what it takes time to break', async () => {
  const reports: Report[] = []
  for await (const report of attack(origin, { tokens: [token, token] })) reports.push(report)
  const held = reports.filter(({ outcome }) => outcome === 'held').map(({ name }) => name)
  expect(held.filter((name) => !name.startsWith('costly document'))).toEqual([
    'unknown, wrong and taken read the same where somebody signs up or in',
  ])
  expect(reports.filter(({ outcome }) => outcome === 'broken').length).toBeGreaterThan(30)
})

it('says so when nobody is there', async () => {
  await expect(attack('http://127.0.0.1:1', { tokens: [] }).next()).rejects.toThrow()
})
