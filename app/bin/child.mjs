/** Child processes of the launchers: one way to run a step, one way to hand the terminal over. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const inRoot = (...parts) => join(root, ...parts)
export const say = (line) => process.stderr.write(`${line}\n`)
export const seconds = (startedMs) => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`

/** A failure that is told in one line, without a stack. */
export const refusal = (line, output = '') => Object.assign(new Error(line), { refusal: line, output })

/** The environment of a child: this Node and the project's own commands come first, and nobody phones home. */
export const childEnv = (extra = {}) => ({
  ...process.env,
  PATH: [dirname(process.execPath), inRoot('node_modules', '.bin'), process.env.PATH || '/usr/bin:/bin'].join(
    delimiter,
  ),
  DO_NOT_TRACK: '1',
  TURBO_TELEMETRY_DISABLED: '1',
  CHECKPOINT_DISABLE: '1',
  ...extra,
})

/** Runs a command to its end and gives `{ code, output }`; both of its streams are in `output`. */
export function run(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { cwd, env: childEnv(env), stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.once('error', (error) => resolve({ code: 127, output: `${output}${error.message}` }))
    child.once('close', (code, signal) => resolve({ code: code === null ? signalCode(signal) : code, output }))
  })
}

/** npm, as the very npm that started us when there is one. */
export function npm(args, options) {
  const started = process.env.npm_execpath
  return started && /npm-cli\.c?js$/.test(started) && existsSync(started)
    ? run(process.execPath, [started, ...args], options)
    : run('npm', args, options)
}

const signalCode = (signal) => 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] || 0)

/**
 * Most of what a request makes is garbage once it is answered. Four times the room for what is young halves what is spent on
 * telling the two apart, for up to 100 MB a process. What the environment says of it comes later, and wins.
 */
const nodeOptions = () => `--max-semi-space-size=64 ${process.env.NODE_OPTIONS || ''}`.trim()

/** Node with the leash: whatever starts this way ends when the launcher does, however that ended. */
export function startNode(args, env = {}) {
  const leash = new URL('leash.mjs', import.meta.url).href
  return spawn(process.execPath, ['--import', leash, ...args], {
    // A session of its own: Ctrl-C reaches the launcher only, which passes it on once.
    detached: true,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: childEnv({ NODE_OPTIONS: nodeOptions(), ...env }),
  })
}

/** Runs TypeScript as it is: tsx strips the types. */
export const tsx = ['--import', new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href]
/** Other workspaces are read from their sources too, not from their builds. */
export const fromSource = [...tsx, '--conditions=@latchkey/source']

/** Resolves with the exit code that the launcher should carry. */
export const ended = (child) =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      say(`✗ ${error.message}`)
      resolve(1)
    })
    child.once('exit', (code, signal) => resolve(code === null ? signalCode(signal) : code))
  })

const impatientMs = 1_000

/**
 * Passes the first SIGINT, SIGTERM or SIGHUP on to whatever `current()` is. Terminals, npm and the shell may each deliver
 * the same Ctrl-C, so echoes within a second are dropped; a later one ends the child at once.
 */
export function passSignals(current, onFirst = () => {}) {
  let firstMs = null
  const pass = (signal) => {
    const child = current()
    if (firstMs === null) {
      firstMs = performance.now()
      onFirst()
      if (child) child.kill(signal)
    } else if (performance.now() - firstMs > impatientMs && child) child.kill('SIGKILL')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass)
  watchNpm(() => firstMs === null && pass('SIGTERM'))
}

/** npm killed with -9 cannot tell us: while it lives, it stays the parent of this process or of the shell between them. */
function watchNpm(gone) {
  if (!process.env.npm_lifecycle_event) return
  const child = / -c /.test(factOf(process.ppid, 'command')) ? process.ppid : process.pid
  const npmPid = parentOf(child)
  setInterval(() => parentOf(child) !== npmPid && gone(), 500).unref()
}

const parentOf = (pid) => (pid === process.pid ? process.ppid : Number(factOf(pid, 'ppid')))

/** '' when there is no such process. */
function factOf(pid, fact) {
  try {
    if (process.platform !== 'linux')
      return execFileSync('ps', ['-o', `${fact}=`, '-p', String(pid)], { encoding: 'utf8' })
    if (fact === 'command') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0/g, ' ')
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
  } catch {
    return ''
  }
}
