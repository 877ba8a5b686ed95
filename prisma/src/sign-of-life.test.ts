import { createServer, type Socket } from 'node:net'
import { usualPatienceMs } from '@latchkey/clock/awake'
import { parseIntoClientConfig } from 'pg-connection-string'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { aServer } from './server.fixture.ts'
import { createSignOfLife } from './sign-of-life.ts'
import { type TestDatabase, testDatabase } from './testing.ts'

let home: TestDatabase
beforeAll(async () => {
  home = await testDatabase()
})
afterAll(() => home.drop())

function aSign(url: string) {
  const sign = createSignOfLife(parseIntoClientConfig(url), usualPatienceMs)
  onTestFinished(sign.close)
  return sign
}

/** Something that listens, and says `words` to whatever it hears. */
async function aStranger(words: string): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.on('data', () => words && socket.end(words))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return `postgresql://somebody:something@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/anything`
}

it('a server that answers gives a sign, again and again', async () => {
  const sign = aSign(home.url)
  await expect.poll(sign.given).toBe(true)
  for (let times = 0; times < 2; times++) expect(await sign.given()).toBe(true)
})

it('a refusal is a sign: whoever asks for more is refused at once, too', async () => {
  const url = new URL(home.url)
  url.pathname = '/there_is_no_such_database'
  expect(await aSign(url.href).given()).toBe(true)
  expect(await aSign('postgresql://somebody@127.0.0.1:1/anything').given()).toBe(true)
})

it.each(['', 'noise?!\r\n'])('silence and noise are none (%j)', async (words) => {
  expect(await aSign(await aStranger(words)).given()).toBe(false)
})

it('a server that fell silent is asked on another connection, until it gives a sign', async () => {
  const server = await aServer(home.url)
  const sign = aSign(server.url)
  await expect.poll(sign.given).toBe(true)
  server.freeze()
  expect(await sign.given()).toBe(false)
  expect(await sign.given()).toBe(false)
  server.thaw()
  await expect.poll(sign.given).toBe(true)
})
