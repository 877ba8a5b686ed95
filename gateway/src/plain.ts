/** An entry: `npm run gateway -- --supergraph FILE --port N --without-identity` serves any supergraph, asking nobody who they are. */
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { parseArgs } from 'node:util'
import { systemClock } from '@latchkey/clock'
import { httpTransport } from '@latchkey/subgraph/over-http'
import { createLogger } from '@latchkey/telemetry'
import { createEngine, type Engine } from './execute/engine.ts'
import { createPlanning } from './execute/planning/planning.ts'
import { accessDirectives, readSupergraph } from './execute/supergraph.ts'
import { createPlainServer } from './plain-server.ts'

const usage = 'npm run gateway -- --supergraph FILE --port N --without-identity'
const parentCheckMs = 500

interface Terms {
  readonly supergraphSdl: string
  readonly port: number
  readonly host: string
}

/** What the command line asks for. @throws Error whose message is the one line to show. */
function readTerms(args: readonly string[]): Terms {
  const { values } = parseArgs({
    args: [...args],
    options: {
      supergraph: { type: 'string' },
      port: { type: 'string', default: '4000' },
      host: { type: 'string', default: '127.0.0.1' },
      'without-identity': { type: 'boolean', default: false },
    },
  })
  if (!values['without-identity'])
    throw new Error(`This gateway knows no caller. To run it all the same: ${usage}. With identity: npm start.`)
  if (!values.supergraph) throw new Error(`Say which supergraph to serve: ${usage}.`)
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error(`--port takes a number up to 65535: ${values.port}.`)
  return { supergraphSdl: readFile(values.supergraph), port, host: values.host }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Error(`The supergraph cannot be read: ${path}.`)
  }
}

/** Refuses what it could only serve by leaving its access rules out. */
function openEngine(supergraphSdl: string): Engine {
  const directives = accessDirectives(supergraphSdl)
  if (directives.length > 0) {
    const names = directives.map((name) => `@${name}`).join(', ')
    throw new Error(`This supergraph restricts access (${names}), which a gateway without identity cannot enforce.`)
  }
  const { subgraphs } = readSupergraph(supergraphSdl)
  const lost = subgraphs.filter(({ url }) => !URL.canParse(url)).map(({ name }) => name)
  if (lost.length > 0) throw new Error(`The supergraph has no URL for: ${lost.join(', ')}.`)
  const transports = subgraphs.map(({ name, url }) => [name, httpTransport({ subgraph: name, urls: [url] })] as const)
  const planning = createPlanning({ clock: systemClock, logger: createLogger({ level: 'warn', service: 'gateway' }) })
  return createEngine({ supergraphSdl, transports: Object.fromEntries(transports), planning })
}

/** The processes that started this one, as far as they share its group (npm, its shell, the launcher). */
function lineage(): string {
  const pids = [process.ppid]
  try {
    const group = statOf(process.pid).group
    for (let { parent } = statOf(process.ppid); parent > 1; parent = statOf(parent).parent) {
      if (statOf(parent).group !== group) break
      pids.push(parent)
    }
  } catch {
    // Only Linux tells of more than one's own parent.
  }
  return pids.join(' ')
}

function statOf(pid: number): { parent: number; group: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(parent), group: Number(group) }
}

/** Whoever started this is gone, killed perhaps: nobody is left to stop it. */
function endWithParent(end: () => void): void {
  const started = lineage()
  setInterval(() => {
    if (lineage() !== started) end()
  }, parentCheckMs).unref()
  const { stdin } = process
  if (stdin.isTTY || !('readyState' in stdin)) return
  stdin.on('end', end).on('error', () => {})
  stdin.resume()
}

/** Serves until it is told to end, or whoever started it is gone. @throws Error whose message is the one line to show. */
async function serve(args: readonly string[]): Promise<void> {
  const { supergraphSdl, port, host } = readTerms(args)
  const engine = openEngine(supergraphSdl)
  await engine.open()
  const server = createPlainServer(engine)
  await listen(server, port, host)
  const address = server.address()
  const bound = typeof address === 'object' && address ? address.port : port
  process.stdout.write(`Federation gateway without identity: http://${host}:${bound}/graphql\n`)
  const end = () => process.exit(0)
  process.once('SIGTERM', end).once('SIGINT', end)
  endWithParent(end)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ message }) => reject(new Error(`Cannot listen on ${host}:${port}: ${message}.`)))
    server.listen(port, host, resolve)
  })
}

function fail(thrown: unknown): never {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  process.stderr.write(`${message.split('\n')[0]}\n`)
  process.exit(1)
}

await serve(process.argv.slice(2)).catch(fail)
