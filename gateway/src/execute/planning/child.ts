/** One process that plans: it is asked one thing at a time, and may be lost over it. */
import { type ChildProcess, fork } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { QueryPlan } from '@graphql-hive/router-query-planner'

// The same place seen from src/ and from dist/, and plain JavaScript: nothing has to be compiled before it starts.
const entry = fileURLToPath(new URL('../../../bin/planner.mjs', import.meta.url))

export interface PlanQuestion {
  readonly kind: 'plan'
  readonly graph: string
  readonly query: string
  readonly operationName: string | undefined
  /** Whatever takes more is not planned. */
  readonly cpuMsMax: number
}

export type Question = { readonly kind: 'hold'; readonly graph: string; readonly supergraphSdl: string } | PlanQuestion

export type Reply =
  | { readonly kind: 'ready' | 'held' }
  | { readonly kind: 'planned'; readonly plan: QueryPlan }
  /** The planner says no, and why. */
  | { readonly kind: 'refused'; readonly message: string }
  /** It does not hold that graph, or not any more. */
  | { readonly kind: 'unknown' }
  /** It has taken more than it may, and is at it still. */
  | { readonly kind: 'late' }

/** It is gone. `by`: over what it was asked, or because somebody ended it. */
export interface Lost {
  readonly kind: 'lost'
  readonly by: 'the question' | 'lateness' | 'somebody'
  /** For the log. */
  readonly detail: string
}

export interface Child {
  readonly pid: number | undefined
  readonly lost: Lost | undefined
  /** Never rejects. After `Lost` it answers nothing but that. */
  ask(question: Question, withinMs: number): Promise<Reply | Lost>
  /** Answers once it runs. */
  greet(withinMs: number): Promise<Reply | Lost>
  end(): void
}

/** It does not keep this process alive, has nothing of its environment, and ends with it. */
export function startChild(): Child {
  const child = fork(entry, { env: {}, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const lastWords = listenTo(child)
  let lost: Lost | undefined
  let greeting: Reply | undefined
  let settle: ((said: Reply | Lost) => void) | undefined

  function lose(how: Lost): void {
    lost ??= how
    child.kill('SIGKILL')
    settle?.(lost)
  }

  child.on('message', (said: Reply) => {
    if (said.kind === 'ready') greeting = said
    if (said.kind === 'late') lose({ kind: 'lost', by: 'the question', detail: 'it took too much of the processor' })
    else settle?.(said)
  })
  child.on('error', ({ message }) => lose({ kind: 'lost', by: 'somebody', detail: message }))
  child.on('close', (code, signal) => {
    const by = signal !== null && fromOutside.has(signal) ? 'somebody' : 'the question'
    lose({ kind: 'lost', by, detail: [signal ?? `exit ${code}`, placeIn(lastWords())].filter(Boolean).join(' at ') })
  })

  /** The timer also keeps this process alive while somebody waits. */
  function reply(withinMs: number): Promise<Reply | Lost> {
    return new Promise((resolve) => {
      const late = () => lose({ kind: 'lost', by: 'lateness', detail: `no answer in ${withinMs} ms` })
      const timer = setTimeout(late, withinMs)
      settle = (said) => {
        clearTimeout(timer)
        settle = undefined
        resolve(said)
      }
    })
  }

  return {
    pid: child.pid,
    get lost() {
      return lost
    },
    async ask(question, withinMs) {
      if (lost) return lost
      const answer = reply(withinMs)
      child.send(question, (failed) => failed && lose({ kind: 'lost', by: 'somebody', detail: failed.message }))
      return answer
    },
    greet: async (withinMs) => lost ?? greeting ?? reply(withinMs),
    end: () => lose({ kind: 'lost', by: 'somebody', detail: 'it was told to end' }),
  }
}

/** Signals that no process gives itself by its own fault. */
const fromOutside: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'])

const wordsMax = 2_000

/** What it wrote last. */
function listenTo(child: ChildProcess): () => string {
  let words = ''
  const stderr = child.stderr as Socket // a pipe, as asked for
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-wordsMax)
  })
  child.unref()
  child.channel?.unref()
  stderr.unref()
  return () => words
}

/** Of a panic only where it was: what it says may repeat words of the operation. */
const placeIn = (words: string): string | undefined => /panicked at (\S+?):?\s/.exec(words)?.[1]
