import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { askRunningProcess, listenForOperator, operatorSocketPath } from './operator-socket.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const aDataDir = () => mkdtempSync(join(tmpdir(), 'operator-'))

async function listening(dataDir = aDataDir()): Promise<string> {
  const commands = {
    greet: async (name = '') => `hello ${name}`,
    fail: async () => {
      throw new Error('no such account')
    },
  }
  const count = async (say: (line: string) => void, to = '') => {
    for (let number = 1; number <= Number(to); number++) say(`${number}`)
    return 'counted'
  }
  servers.push(await listenForOperator(dataDir, commands, { count }))
  return dataDir
}

describe('the operator socket', () => {
  it('answers a command of its own', async () => {
    expect(await askRunningProcess(await listening(), ['greet', 'Ada\n'])).toBe('hello Ada\n')
  })

  it('tells how far a command has come, in order, before it answers', async () => {
    const told: string[] = []
    expect(await askRunningProcess(await listening(), ['count', '3'], (line) => told.push(line))).toBe('counted')
    expect(told).toEqual(['1', '2', '3'])
  })

  it('opens to its owner only', async () => {
    expect(statSync(operatorSocketPath(await listening()) ?? '').mode & 0o777).toBe(0o600)
  })

  it('refuses what it does not know, also what every object knows', async () => {
    const dataDir = await listening()
    await expect(askRunningProcess(dataDir, ['toString'])).rejects.toThrow(/does not know/)
    await expect(askRunningProcess(dataDir, ['fail'])).rejects.toThrow('no such account')
  })

  it('is null where nobody listens, or only a file is left', async () => {
    const dataDir = aDataDir()
    expect(await askRunningProcess(dataDir, ['greet'])).toBeNull()
    await listening(dataDir)
    const path = operatorSocketPath(dataDir) ?? ''
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    writeFileSync(path, '')
    expect(await askRunningProcess(dataDir, ['greet'])).toBeNull()
    await listening(dataDir)
    expect(await askRunningProcess(dataDir, ['greet', 'Eve'])).toBe('hello Eve')
  })

  it('finds its place also for a very deep folder: one that nobody else can enter', async () => {
    const dataDir = join(aDataDir(), 'deep/'.repeat(30))
    mkdirSync(dataDir, { recursive: true })
    await listening(dataDir)
    expect(await askRunningProcess(dataDir, ['greet', 'Ada'])).toBe('hello Ada')
    const path = operatorSocketPath(dataDir) ?? ''
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100)
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700)
  })
})
