/** Listens between the application and Postgres: which statements are run, as the wire tells it. */
import { createConnection, createServer, type Socket } from 'node:net'

export interface StatementTap {
  /** The database's address through the tap. */
  readonly url: string
  /** The statements run since the last call, in order: by name, and by text those without one. */
  taken(): string[]
  close(): void
}

/** Calls back with each whole message: after the first, which has no type, a type byte and a length (PostgreSQL 18, 54.2). */
function readMessages(socket: Socket, seen: (type: string, body: Buffer) => void): void {
  let kept: Buffer = Buffer.alloc(0)
  let hasStarted = false
  socket.on('data', (chunk) => {
    kept = Buffer.concat([kept, chunk as Buffer])
    for (;;) {
      const header = hasStarted ? 5 : 4
      if (kept.length < header) return
      const end = kept.readInt32BE(header - 4) + header - 4
      if (kept.length < end) return
      if (hasStarted) seen(String.fromCharCode(kept[0] ?? 0), kept.subarray(header, end))
      hasStarted = true
      kept = kept.subarray(end)
    }
  })
}

/** The second string of a Bind message: portal, then statement. */
const statementOf = (bind: Buffer): string => bind.toString('latin1').split('\0')[1] ?? ''

export async function tapStatements(databaseUrl: string): Promise<StatementTap> {
  const target = new URL(databaseUrl)
  let names: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = createConnection(Number(target.port || 5432), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    let unnamed = ''
    readMessages(client, (type, body) => {
      if (type === 'P' && body[0] === 0) unnamed = body.toString('latin1').split('\0')[1] ?? ''
      if (type === 'B') names.push(statementOf(body) || unnamed)
    })
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.port = String((server.address() as { port: number }).port)
  return {
    url: url.href,
    taken() {
      const run = names
      names = []
      return run
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Takes one of `name` away, and says whether there was one. */
function hasTaken(names: string[], name: string): boolean {
  const at = names.indexOf(name)
  if (at >= 0) names.splice(at, 1)
  return at >= 0
}

/** What every one of `runs` has made, as often as each of them: what something else runs by the clock is in some of them only. */
export function inEveryRun(runs: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = runs.map((names) => [...names].sort())
  return first.filter((name) => others.map((names) => hasTaken(names, name)).every(Boolean))
}
