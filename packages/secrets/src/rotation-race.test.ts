import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { systemEntropy as entropy } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { createKeyringFile, rotateKeyringFile } from './file.ts'
import { replaceUnchanged } from './keyring-file.ts'

const tools = { entropy, kms: null }
const now = new Date('2030-01-01T00:00:00Z')
const later = new Date('2030-01-01T00:05:00Z')

function aKeyring() {
  const folder = mkdtempSync(join(tmpdir(), 'keyring-'))
  const path = join(folder, 'keyring.json')
  createKeyringFile(path, entropy)
  const versions = (kind: string): string[] =>
    JSON.parse(readFileSync(path, 'utf8')).secrets[kind].map(({ id }: { id: string }) => id)
  return { folder, path, versions, text: () => readFileSync(path, 'utf8') }
}

/** Rotates again and again from the moment it is told to; says what it added and how it was refused. */
const operator = (path: string, times: number) => `
  import { once } from 'node:events'
  import { rotateKeyringFile } from ${JSON.stringify(new URL('file.ts', import.meta.url).href)}
  import { systemEntropy as entropy } from '@latchkey/clock'
  process.stdout.write('ready\\n')
  await once(process.stdin, 'data')
  const [added, refused] = [[], []]
  for (let time = 0; time < ${times}; time += 1)
    try {
      const now = new Date()
      added.push(...(await rotateKeyringFile(${JSON.stringify(path)}, { kinds: ['data'], makesFrom: now, now }, { entropy, kms: null })))
    } catch ({ message }) {
      refused.push(message)
    }
  process.stdout.write(JSON.stringify({ added, refused }))
  process.exit()`

function anOperator(path: string, times: number) {
  const args = ['--import', 'tsx', '--conditions=@latchkey/source', '--input-type=module', '-e', operator(path, times)]
  const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] })
  const said = text(child.stdout)
  const ready = new Promise((resolve) => child.stdout.once('data', resolve))
  return {
    ready,
    async go(): Promise<{ added: string[]; refused: string[] }> {
      child.stdin.write('go\n')
      return JSON.parse((await said).replace('ready\n', ''))
    },
  }
}

describe('two operators who change a keyring at once', () => {
  it('lose nothing: each version that one was told of is in the file, and who came second is told what to do', async () => {
    const { folder, path, versions } = aKeyring()
    const [first] = versions('data')
    const operators = Array.from({ length: 2 }, () => anOperator(path, 60))
    await Promise.all(operators.map(({ ready }) => ready))
    const outcomes = await Promise.all(operators.map(({ go }) => go()))
    const added = outcomes.flatMap((outcome) => outcome.added)
    const refused = outcomes.flatMap((outcome) => outcome.refused)
    expect(added.length + refused.length).toBe(120)
    expect(new Set(versions('data'))).toEqual(new Set([first, ...added]))
    expect(versions('data')).toHaveLength(1 + added.length)
    for (const reason of refused)
      expect(reason).toMatch(/by somebody else.*secrets status.*try again|waits to take over/)
    expect(readdirSync(folder)).toEqual(['keyring.json'])
  })

  it('the second of whom read it before the first wrote it, is refused and has written nothing', async () => {
    const { folder, path, text, versions } = aKeyring()
    const before = text()
    const [id] = await rotateKeyringFile(path, { kinds: ['data'], makesFrom: later, now }, tools)
    expect(() => replaceUnchanged(path, { before, after: { stale: true } })).toThrow(
      /changed by somebody else meanwhile/,
    )
    expect(versions('data')[0]).toBe(id)
    expect(readdirSync(folder)).toEqual(['keyring.json'])
  })

  it('is refused while another is at it, and told what to remove should that one have been killed', async () => {
    const { folder, path, text } = aKeyring()
    const before = text()
    const rotate = () => rotateKeyringFile(path, { kinds: ['data'], makesFrom: later, now }, tools)
    const hash = createHash('sha256').update(before).digest('hex')
    const left = join(folder, `keyring.json.after-${hash.slice(0, 16)}`)
    writeFileSync(left, 'half of a key')
    await expect(rotate()).rejects.toThrow(`a process was killed while it was: remove ${left}`)
    expect(text()).toBe(before)
    rmSync(left)
    expect(await rotate()).toHaveLength(1)
  })
})

it('several kinds get their versions together, or none of them does', async () => {
  const { path, text, versions } = aKeyring()
  await rotateKeyringFile(path, { kinds: ['data'], makesFrom: later, now }, tools)
  const before = text()
  await expect(rotateKeyringFile(path, { kinds: ['password', 'data'], makesFrom: later, now }, tools)).rejects.toThrow(
    /data\/\w+ waits to take over/,
  )
  expect(text()).toBe(before)
  const ids = await rotateKeyringFile(path, { kinds: ['password', 'api-key'], makesFrom: later, now }, tools)
  expect([versions('password')[0], versions('api-key')[0]]).toEqual(ids)
})
