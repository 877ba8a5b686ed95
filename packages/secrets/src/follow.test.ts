import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemEntropy as entropy } from '@latchkey/clock'
import { afterEach, expect, it, vi } from 'vitest'
import {
  createKeyringFile,
  resliceKeyringFile,
  retireInKeyringFile,
  rotateKeyringFile,
  sliceKeyringFile,
} from './file.ts'
import { type FollowedKeyring, followKeyringFile } from './follow.ts'

const started: FollowedKeyring[] = []
afterEach(() => {
  for (const one of started.splice(0)) one.close()
})

const tools = { entropy, kms: null }
const startMs = Date.parse('2030-01-01T00:00:00Z')

async function aFollowed(path = join(mkdtempSync(join(tmpdir(), 'keyring-')), 'keyring.json')) {
  let nowMs = startMs
  const clock: Clock = { now: () => new Date(nowMs) }
  try {
    createKeyringFile(path, entropy)
  } catch {}
  const told: string[] = []
  const logger = {
    info: (_: object, text: string) => told.push(text),
    error: (_: object, text: string) => told.push(text),
  }
  const followed = await followKeyringFile(path, { ...tools, clock, logger, pauseMs: 5 })
  started.push(followed)
  const rotate = async (kind: 'data' | 'services', inMs: number) => {
    const makesFrom = new Date(nowMs + inMs)
    const [id] = await rotateKeyringFile(path, { kinds: [kind], makesFrom, now: clock.now() }, tools)
    return id
  }
  const advance = (ms: number) => {
    nowMs += ms
  }
  return { path, followed, told, rotate, clock, advance }
}

const soon = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 5 })

it('a new version is known before it makes, makes from its moment on, and what was sealed before opens all the while', async () => {
  const { followed, rotate, advance } = await aFollowed()
  const { keyring } = followed
  const [oldId] = keyring.keyIds('data')
  const sealed = keyring.seal('data', 'x', 'here')
  const id = await rotate('data', 60_000)
  await soon(() => expect(keyring.keyIds('data')).toEqual([oldId, id]))
  expect(keyring.seal('data', 'y', 'here').split('.')[0]).toBe(oldId)
  advance(60_000)
  await soon(() => expect(keyring.keyIds('data')).toEqual([id, oldId]))
  const next = keyring.seal('data', 'y', 'here')
  expect(next.split('.')[0]).toBe(id)
  for (const [text, plain] of [
    [sealed, 'x'],
    [next, 'y'],
  ] as const)
    expect(keyring.open('data', text, 'here').toString()).toBe(plain)
})

it('the keys of services change in the same way, and all of them are known', async () => {
  const { followed, rotate, advance } = await aFollowed()
  const before = followed.signingKey('users')
  await rotate('services', 60_000)
  await soon(() => expect(followed.publicKeysOf('users')).toHaveLength(2))
  expect(followed.signingKey('users').equals(before)).toBe(true)
  advance(60_000)
  await soon(() => expect(followed.signingKey('users').equals(before)).toBe(false))
  expect(followed.signingKeys('users')).toHaveLength(2)
})

it('an old version that was taken out is gone', async () => {
  const { path, followed, rotate, clock } = await aFollowed()
  const { keyring } = followed
  const [oldId = ''] = keyring.keyIds('data')
  const sealed = keyring.seal('data', 'x', 'here')
  const id = await rotate('data', 0)
  await soon(() => expect(keyring.keyIds('data')).toEqual([id, oldId]))
  await retireInKeyringFile(path, { kind: 'data', id: oldId, now: clock.now() }, tools)
  await soon(() => expect(keyring.keyIds('data')).not.toContain(oldId))
  expect(() => keyring.open('data', sealed, 'here')).toThrow()
})

it.each([
  ['half written', (path: string) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200)), /is not JSON/],
  ['gone', (path: string) => rmSync(path), /ENOENT/],
  [
    'another installation’s',
    (path: string) => {
      rmSync(path)
      createKeyringFile(path, entropy)
    },
    /another keyring: it shares no version/,
  ],
])('a file that is %s changes nothing, and is told of once', async (_, spoil, reason) => {
  const { path, followed, told } = await aFollowed()
  const held = followed.keyring.keyIds('data')
  const good = readFileSync(path, 'utf8')
  spoil(path)
  await soon(() => expect(told).toHaveLength(1))
  expect(told[0]).toMatch(reason)
  expect(told[0]).not.toContain(good.slice(60, 100))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(told).toHaveLength(1)
  expect(followed.keyring.keyIds('data')).toEqual(held)
})

it('a link that leads elsewhere is followed, as Kubernetes changes a Secret', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyring-'))
  for (const day of ['monday', 'tuesday']) mkdirSync(join(folder, day))
  createKeyringFile(join(folder, 'monday', 'keyring.json'), entropy)
  writeFileSync(join(folder, 'tuesday', 'keyring.json'), readFileSync(join(folder, 'monday', 'keyring.json')), {
    mode: 0o600,
  })
  symlinkSync('monday', join(folder, '..data'))
  symlinkSync(join('..data', 'keyring.json'), join(folder, 'keyring.json'))
  const { followed } = await aFollowed(join(folder, 'keyring.json'))
  const now = new Date(startMs)
  const rotation = { kinds: ['data'] as const, makesFrom: now, now }
  const [id] = await rotateKeyringFile(join(folder, 'tuesday', 'keyring.json'), rotation, tools)
  symlinkSync('tuesday', join(folder, '..next'))
  renameSync(join(folder, '..next'), join(folder, '..data'))
  await soon(() => expect(followed.keyring.keyIds('data')[0]).toBe(id))
})

it('the part of a service is made anew in place, for its owner alone', async () => {
  const { path, rotate } = await aFollowed()
  const part = join(mkdtempSync(join(tmpdir(), 'keyring-')), 'sessions.json')
  await sliceKeyringFile(path, 'sessions', part, tools)
  const { followed } = await aFollowed(part)
  const id = await rotate('data', 0)
  await resliceKeyringFile(path, 'sessions', part, tools)
  await soon(() => expect(followed.keyring.keyIds('data')[0]).toBe(id))
  expect(statSync(part).mode & 0o777).toBe(0o600)
  expect(() => followed.keyring.mac('password', 'x')).toThrow(/no secret for password/)
})
