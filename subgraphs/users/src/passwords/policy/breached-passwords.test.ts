import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { requireBreachedFile } from './breached-passwords.file.ts'
import { breachDigest, createBreachedPasswords, parseBreachedSource } from './breached-passwords.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0)) step()
})

/** A range service on this machine. */
async function aRangeService(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  undo.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/range/`
  return { asked, breached: createBreachedPasswords({ kind: 'online', url }) }
}

// SHA-1 of "password": 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8.
const range = ['003D68EB55068C33ACE09247EE4C639306B:3', '1E4C9B93F3F0682250B6CF8331B7EE68FD8:52256179', 'FFFF:0']

describe('the range service', () => {
  it('is told five digits of the hash and asked for padding', async () => {
    const { asked, breached } = await aRangeService((_request, response) => response.end(range.join('\r\n')))
    expect(await breached.timesSeen('password')).toBe(52_256_179)
    expect(asked.map(({ url }) => url)).toEqual(['/range/5BAA6'])
    expect(asked[0]?.headers['add-padding']).toBe('true')
  })

  it('knows nothing of a password whose line is missing or only padding', async () => {
    const padding = `${breachDigest('padded password').slice(5)}:0`
    const { breached } = await aRangeService((_request, response) => response.end([...range, padding].join('\r\n')))
    expect(await breached.timesSeen('padded password')).toBe(0)
    expect(await breached.timesSeen('another password')).toBe(0)
  })

  it.each([
    ['fails', (response: ServerResponse) => response.writeHead(503).end()],
    ['sends elsewhere', (response: ServerResponse) => response.writeHead(302, { location: 'http://127.0.0.1/' }).end()],
    ['hangs up', (response: ServerResponse) => response.destroy()],
    ['says too much', (response: ServerResponse) => response.end('0'.repeat(2_000_000))],
    ['says nothing', () => {}],
    ['never ends', (response: ServerResponse) => response.write('0')],
  ])('is no answer when it %s', async (_what, answer) => {
    const { breached } = await aRangeService((_request, response) => answer(response))
    await expect(breached.timesSeen('password')).rejects.toThrow()
  })
})

describe('a file of hashes in order', () => {
  function aFile(passwords: readonly string[], lineEnd = '\r\n') {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-breached-'))
    undo.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'hashes.txt')
    const lines = passwords.map((password, index) => `${breachDigest(password)}:${index + 1}`).sort()
    writeFileSync(path, lines.join(lineEnd))
    return createBreachedPasswords({ kind: 'file', path })
  }
  const passwords = Array.from({ length: 1_000 }, (_, index) => `password number ${index}`)

  it.each(['\r\n', '\n', '\n\n'.slice(1)])(
    'holds each of its lines, and no other (lines end with %j)',
    async (lineEnd) => {
      const breached = aFile(passwords, lineEnd)
      const seen = await Promise.all(passwords.map((password) => breached.timesSeen(password)))
      expect(seen).toEqual(passwords.map((_, index) => index + 1))
      const others = await Promise.all(passwords.map((password) => breached.timesSeen(`another ${password}`)))
      expect(others).toEqual(passwords.map(() => 0))
    },
  )

  it.each([[[]], [['only one']], [['one', 'two']]])('may be short: %j', async (few) => {
    const breached = aFile(few)
    expect(await Promise.all(few.map((password) => breached.timesSeen(password)))).toEqual(
      few.map((_, index) => index + 1),
    )
    expect(await breached.timesSeen('none of them')).toBe(0)
  })

  it('is refused at the start, in one line that says what to do, unless it is there and is such a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-breached-'))
    undo.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'list.txt')
    const refusal = () => {
      try {
        requireBreachedFile(path)
        return null
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(refusal()).toMatch(
      /^LATCHKEY_BREACHED_PASSWORDS: .*list\.txt cannot be read \(ENOENT\)\. Name a file [^\n]*$/,
    )
    for (const text of ['', 'password\n123456\n', `${breachDigest('x')}\n`]) {
      writeFileSync(path, text)
      expect(refusal()).toContain('does not begin with such a line')
    }
    for (const text of [`${breachDigest('x')}:3`, `${breachDigest('x').toLowerCase()}:3\r\n${breachDigest('y')}:1`]) {
      writeFileSync(path, text)
      expect(refusal()).toBeNull()
    }
  })

  it('is no answer when it is missing', async () => {
    await expect(createBreachedPasswords({ kind: 'file', path: '/nowhere' }).timesSeen('x')).rejects.toThrow()
  })
})

it('is off, online or a file, as the setting says', async () => {
  expect(parseBreachedSource('off')).toEqual({ kind: 'off' })
  expect(parseBreachedSource('online')).toEqual({ kind: 'online' })
  expect(parseBreachedSource('/data/hashes.txt')).toEqual({ kind: 'file', path: '/data/hashes.txt' })
  expect(await createBreachedPasswords({ kind: 'off' }).timesSeen('password')).toBe(0)
})
