/**
 * A crowd in a process of its own. Open: a request is sent when it is due, whether or not others were answered, and whoever waits too
 * long leaves. Closed: whoever is answered asks again. Settings come on standard input, the tally goes to standard output.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { settings } from '../announce.ts'
import { type Connection, openConnection } from './connection.ts'
import { createTally, type Tally } from './tally.ts'

export interface CrowdSettings {
  readonly url: string
  readonly requests: readonly { readonly headers: Readonly<Record<string, string>>; readonly body: string }[]
  readonly seconds: number
  /** Opened before it begins, as a balancer keeps them; and opened again when one ends. */
  readonly connections: number
  /** An answer after that is no good to anybody. */
  readonly deadlineMs: number
  /** Whoever has no answer by then leaves, and the connection with them. */
  readonly patienceMs: number
  /** Requests a second, at random times (Poisson); `null`: closed. */
  readonly rate: number | null
}

const lookEveryMs = 1
const leaveEveryMs = 20

const textsOf = ({ url, requests }: CrowdSettings): readonly string[] => {
  const { host, pathname } = new URL(url)
  return requests.map(({ headers, body }) =>
    [
      `POST ${pathname} HTTP/1.1`,
      `host: ${host}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${Buffer.byteLength(body)}`,
      `\r\n${body}`,
    ].join('\r\n'),
  )
}

/** Connections, and who waits by them. */
function createCrowd(terms: CrowdSettings) {
  const { hostname: host, port } = new URL(terms.url)
  const texts = textsOf(terms)
  const tally = createTally()
  const open = new Set<Connection>()
  const idle = new Set<Connection>()
  let asked = 0
  let isAskingAgain = terms.rate === null

  function ask(connection: Connection, dueMs: number): void {
    tally.offer()
    connection.ask(texts[asked++ % texts.length] ?? '', dueMs)
  }

  const openOne = (): Connection => {
    const connection = openConnection({
      ...{ host, port: Number(port) },
      onIdle() {
        if (isAskingAgain) ask(connection, performance.now())
        else idle.add(connection)
      },
      onOutcome(outcome, dueMs) {
        const tookMs = performance.now() - dueMs
        tally.count(outcome === 'good' && tookMs > terms.deadlineMs ? 'late' : outcome, tookMs)
      },
      onClose() {
        open.delete(connection)
        idle.delete(connection)
      },
    })
    open.add(connection)
    return connection
  }

  return {
    async fill() {
      while (open.size < terms.connections) {
        openOne()
        if (open.size % 10 === 0) await pause(5)
      }
    },
    /** By the connection that has rested longest; by a new one where one is missing. */
    begin(dueMs: number): void {
      const [rested] = idle
      if (rested) idle.delete(rested)
      const connection = rested ?? (open.size < terms.connections ? openOne() : undefined)
      if (connection) ask(connection, dueMs)
      else tally.passOver()
    },
    leave(nowMs: number): void {
      for (const connection of open)
        if (connection.dueMs !== null && nowMs - connection.dueMs > terms.patienceMs) connection.leave()
    },
    end(): void {
      isAskingAgain = false
    },
    isAnswered: () => [...open].every(({ dueMs }) => dueMs === null),
    close(): Tally {
      const connections = open.size
      for (const connection of open) connection.leave()
      return tally.read(terms.seconds, connections)
    },
  }
}

async function run(terms: CrowdSettings): Promise<Tally> {
  const { rate, patienceMs, seconds } = terms
  const crowd = createCrowd(terms)
  await crowd.fill()
  const endMs = performance.now() + seconds * 1_000
  let [nextMs, leftMs] = [performance.now(), performance.now()]
  for (;;) {
    const nowMs = performance.now()
    for (; rate !== null && nextMs < Math.min(nowMs, endMs); nextMs -= (Math.log(1 - Math.random()) / rate) * 1_000)
      crowd.begin(nextMs)
    if (nowMs - leftMs > leaveEveryMs) {
      crowd.leave(nowMs)
      leftMs = nowMs
    }
    if (nowMs > endMs) crowd.end()
    if (nowMs > endMs && (crowd.isAnswered() || nowMs > endMs + patienceMs)) return crowd.close()
    await pause(lookEveryMs)
  }
}

console.log(JSON.stringify(await run((await settings()) as CrowdSettings)))
process.exit()
