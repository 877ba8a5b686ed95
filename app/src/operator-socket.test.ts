import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  servers.push(await listenForOperator(dataDir, commands))
  return dataDir
}

describe('the operator socket', () => {
  it('answers a command of its own', async () => {
    expect(await askRunningProcess(await listening(), ['greet', 'Ada\n'])).toBe('hello Ada\n')
  })

  it('opens to its owner only', async () => {
    expect(statSync(operatorSocketPath(await listening())).mode & 0o777).toBe(0o600)
  })

  it('refuses what it does not know, also what every object knows', async () => {
    const dataDir = await listening()
    await expect(askRunningProcess(dataDir, ['toString'])).rejects.toThrow(/does not know/)
    await expect(askRunningProcess(dataDir, ['fail'])).rejects.toThrow('no such account')
  })

  it('is null where nobody listens, or only a file is left', async () => {
    expect(await askRunningProcess(aDataDir(), ['greet'])).toBeNull()
    const dataDir = aDataDir()
    writeFileSync(operatorSocketPath(dataDir), '')
    expect(await askRunningProcess(dataDir, ['greet'])).toBeNull()
    await listening(dataDir)
    expect(await askRunningProcess(dataDir, ['greet', 'Eve'])).toBe('hello Eve')
  })

  it('finds its place also in a very deep folder', async () => {
    const path = operatorSocketPath(`/srv/${'deep/'.repeat(40)}`)
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100)
  })
})
