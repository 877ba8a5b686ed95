import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { countTests } from './count.mjs'
import { fingerprint, isFresh, markFresh } from './fingerprint.mjs'
import { isInstalled } from './installed.mjs'
import { pathsIn } from './paths.mjs'
import { installRemedy, nodeRefusal } from './prepare.mjs'
import { onPath } from './redis.mjs'

const bin = dirname(fileURLToPath(import.meta.url))
const undo = []

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey launcher '))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Files by path and content; gives the folder. */
function folderWith(files) {
  const folder = temporaryFolder()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

describe('this Node', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '24.1.0'])('%s is new enough', (version) => {
    expect(nodeRefusal(version)).toBeNull()
  })

  it.each(['18.20.0', '20.18.3', '16.0.0'])('%s is refused with what to do', (version) => {
    expect(nodeRefusal(version)).toMatch(/needs Node.js 20\.19 or newer and this is .*nodejs\.org/)
  })
})

describe('what is installed', () => {
  const packages = {
    '': { name: 'latchkey' },
    app: { version: '0.1.0' },
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
    'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-other', optional: true },
  }
  const present = { 'node_modules/one': packages['node_modules/one'] }
  const installed = (have) => {
    const folder = folderWith({
      'package-lock.json': { packages },
      ...(have ? { 'node_modules/.package-lock.json': { packages: have } } : {}),
    })
    return isInstalled(join(folder, 'package-lock.json'), join(folder, 'node_modules'))
  }

  it('is what the lock file says, whoever installed it', () => expect(installed(present)).toBe(true))
  it('is nothing without a finished install', () => expect(installed(null)).toBe(false))
  it('is stale without a package that every platform has', () => expect(installed({})).toBe(false))
  it('is stale with another version or another content', () => {
    expect(installed({ 'node_modules/one': { version: '1.0.1', integrity: 'sha512-one' } })).toBe(false)
    expect(installed({ 'node_modules/one': { version: '1.0.0', integrity: 'sha512-evil' } })).toBe(false)
  })
})

describe('the fingerprint of files', () => {
  it('stays while nothing changes and changes with a file, its name or its content', () => {
    const folder = folderWith({ 'schema/a.prisma': 'model A', 'config.ts': '1' })
    const now = () => fingerprint([join(folder, 'schema'), join(folder, 'config.ts'), join(folder, 'absent')])
    const first = now()
    expect(now()).toBe(first)
    writeFileSync(join(folder, 'schema/a.prisma'), 'model B')
    const edited = now()
    writeFileSync(join(folder, 'schema/b.prisma'), '')
    expect(new Set([first, edited, now()]).size).toBe(3)
  })

  it('is remembered beside what was made', () => {
    const stamp = join(temporaryFolder(), 'generated', '.made-from')
    expect(isFresh(stamp, 'one')).toBe(false)
    markFresh(stamp, 'one')
    expect([isFresh(stamp, 'one'), isFresh(stamp, 'other')]).toEqual([true, false])
  })
})

it.each([
  ['npm error code ENOTFOUND', 'cannot be reached'],
  ['npm error nospc ENOSPC', 'disk is full'],
  ['npm error code EACCES', 'write permission'],
  ['npm error code EUSAGE … in sync', 'npm install'],
  ['spawn npm ENOENT', 'npm was not found'],
  ['something else', 'see the lines above'],
])('says what to do when npm ci ends with "%s"', (output, remedy) => {
  expect(installRemedy(output)).toContain(remedy)
})

it('finds a program on the path only when it can be run', () => {
  const folder = folderWith({ 'redis-server': '' })
  expect(onPath('redis-server', folder)).toBe(false)
  expect(onPath('node', dirname(process.execPath))).toBe(true)
})

it('reads the paths out of a document, and leaves addresses, anchors and examples alone', () => {
  const text =
    '[a](docs/a.md#part) [b](https://x.org/y) [c](#top) `app/bin/start.mjs` `one word`\n```\n`not/this`\n```\n'
  expect(pathsIn(text)).toEqual({ links: ['docs/a.md'], spans: ['app/bin/start.mjs'] })
})

it('counts tests, and one failure for each file, hook or stray error that failed outside of them', () => {
  const test = (state) => ({ result: () => ({ state }) })
  const module = (tests, errors = [], suites = []) => ({
    errors: () => errors,
    children: { allTests: () => tests, allSuites: () => suites },
  })
  const modules = [
    module([test('passed'), test('passed'), test('failed'), test('skipped'), test('pending')]),
    module([], ['cannot be loaded']),
    module([test('skipped')], [], [{ errors: () => ['beforeAll'] }]),
  ]
  expect(countTests(modules, ['stray'])).toEqual({ passed: 2, failed: 5, skipped: 2 })
})

describe('a launched program', () => {
  /** A checkout in miniature, where `program` is what the launcher runs. */
  function launched(program) {
    const folder = folderWith({ 'program.mjs': program })
    cpSync(bin, join(folder, 'app', 'bin'), { recursive: true })
    writeFileSync(
      join(folder, 'launch.mjs'),
      `import { ended, inRoot, passSignals, startNode } from './app/bin/child.mjs'
       const child = startNode([inRoot('program.mjs')])
       passSignals(() => child)
       process.exit(await ended(child))`,
    )
    const { npm_lifecycle_event: _, ...env } = process.env
    const launcher = spawn(process.execPath, [join(folder, 'launch.mjs')], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    undo.push(() => launcher.kill('SIGKILL'))
    const lines = []
    const waiting = []
    launcher.stdout.setEncoding('utf8').on('data', (text) => {
      lines.push(...text.trim().split('\n'))
      for (const resolve of waiting.splice(0)) resolve()
    })
    const line = async (index) => {
      while (lines.length <= index) await new Promise((resolve) => waiting.push(resolve))
      return lines[index]
    }
    return { launcher, line, lines, over: new Promise((resolve) => launcher.once('close', (code) => resolve(code))) }
  }

  const drains = `
    setInterval(() => {}, 1000)
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
      console.log(signal)
      setTimeout(() => process.exit(7), 200)
    })
    console.log(process.pid)`

  const alive = (pid) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }

  it('is given more room for what is young, and what the environment says after it', async () => {
    const given = process.env.NODE_OPTIONS ?? ''
    const { line } = launched('console.log(process.env.NODE_OPTIONS)')
    expect(await line(0)).toBe(`--max-semi-space-size=64 ${given}`.trim())
  })

  it('hands its exit code over', async () => {
    expect(await launched('process.exit(3)').over).toBe(3)
  })

  it('is told once of a Ctrl-C that arrives from the terminal, from npm and from the shell', async () => {
    const { launcher, line, lines, over } = launched(drains)
    await line(0)
    launcher.kill('SIGINT')
    await line(1)
    launcher.kill('SIGINT')
    launcher.kill('SIGTERM')
    expect(await over).toBe(7)
    expect(lines.slice(1)).toEqual(['SIGINT'])
  })

  it('drains and ends when the launcher is killed', async () => {
    const { launcher, line } = launched(drains)
    const pid = Number(await line(0))
    launcher.kill('SIGKILL')
    expect(await line(1)).toBe('SIGTERM')
    await expect.poll(() => alive(pid), { timeout: 5_000 }).toBe(false)
  })

  it('is out of reach of the terminal: it leads a session of its own', async () => {
    const { line } = launched(drains)
    const pid = Number(await line(0))
    expect(process.kill(-pid, 0)).toBe(true)
  })
})
