import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startUsers, type UsersUnderTest } from '../application.fixture.ts'

let under: UsersUnderTest
beforeAll(async () => {
  under = await startUsers()
})
afterAll(() => under.close())

/** Asks the page as a request with this host would. */
async function page(host: string, method = 'GET') {
  const route = under.users.routes['/dev/passkeys'] ?? expect.fail('no such page')
  const server = createServer((request, response) => {
    request.headers.host = host
    route(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/dev/passkeys`, { method })
  const shown = {
    status: answer.status,
    policy: answer.headers.get('content-security-policy'),
    text: await answer.text(),
  }
  server.close()
  return shown
}

it('is shown in development, and runs nothing but its own script', async () => {
  const { status, policy, text } = await page('localhost:4000')
  expect(status).toBe(200)
  expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[^']+';/)
  expect(text).toContain('id="enrol"')
})

it('is shown to loopback hosts, and only read', async () => {
  expect((await page('evil.example')).status).toBe(403)
  expect((await page('localhost', 'POST')).status).toBe(405)
})

it('does not exist where mail is sent for real', () => {
  const users = under.unstarted({ mailer: 'undelivered' })
  expect(users.routes).not.toHaveProperty('/dev/passkeys')
})
