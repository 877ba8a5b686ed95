/** A server that we start, wait for, and end: on a free port, never outliving us. */
import type { ChildProcess } from 'node:child_process'
import { fault } from './fault.ts'
import { freePort } from './ports.ts'
import { endWithUs, type RunAs } from './processes.ts'

export interface Server {
  readonly port: number
  readonly pid: number
  /** Resolves with the last lines of its log when it ends without having been asked to. */
  readonly lost: Promise<string>
  /** Ends it in order, by force when that takes too long. */
  stop(): Promise<void>
}

export interface ServerTerms {
  /** How it is called in the line that says it did not start. */
  readonly name: string
  /** What it writes once it answers. */
  readonly ready: RegExp
  /** The signal on which it ends in order, and the one that it cannot refuse. */
  readonly ask: 'SIGINT' | 'SIGTERM'
  readonly insist: 'SIGQUIT' | 'SIGKILL'
  readonly runAs: RunAs
  /** Starts it, its standard streams as pipes and in a process group of its own: Ctrl-C is ours to answer, stores go last. */
  launch(port: number): ChildProcess
}

const startMs = 60_000
const stopMs = 10_000
const portTries = 5

/** Starts it on a free port, on another one when somebody was quicker. */
export async function startServer(terms: ServerTerms): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const child = terms.launch(port)
    const log = tailOf(child)
    if (child.pid !== undefined) {
      endWithUs(child, terms.ask, terms.runAs)
      if (await isReady(child, terms)) return { port, pid: child.pid, ...lifeOf(child, log, terms) }
    }
    if (!/address already in use/i.test(log()) || tries === portTries)
      throw fault(`${terms.name} did not start: ${reasonIn(log())}`)
  }
}

/** The line of a log that says why. */
export function reasonIn(log: string): string {
  const lines = log.trim().split('\n')
  return (lines.findLast((line) => /error|fatal|panic/i.test(line)) ?? lines.at(-1) ?? '').trim() || 'it said nothing'
}

function tailOf(child: ChildProcess): () => string {
  let tail = ''
  const keep = (text: string) => {
    tail = `${tail}${text}`.slice(-4_000)
  }
  child.stdout?.setEncoding('utf8').on('data', keep)
  child.stderr?.setEncoding('utf8').on('data', keep)
  child.once('error', (error) => keep(error.message))
  return () => tail
}

/** Whether it came up; `false` when it ended instead, or took too long and was ended. */
function isReady(child: ChildProcess, { ready, insist }: ServerTerms): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill(insist), startMs)
    const settle = (up: boolean) => {
      clearTimeout(late)
      resolve(up)
    }
    const listen = (text: string) => {
      if (ready.test(text)) settle(true)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('close', () => settle(false))
  })
}

function lifeOf(child: ChildProcess, log: () => string, { ask, insist }: ServerTerms): Pick<Server, 'lost' | 'stop'> {
  let asked = false
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const lost = new Promise<string>((resolve) => child.once('exit', () => asked || resolve(log())))
  return {
    lost,
    async stop() {
      asked = true
      child.kill(ask)
      const impatient = setTimeout(() => child.kill(insist), stopMs)
      await exited
      clearTimeout(impatient)
    },
  }
}
