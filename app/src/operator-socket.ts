/** The operator's way into a running process: a socket in the data folder that only its owner can open. */
import { createHash } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What an operator may ask of a running process: a name and its arguments, answered with one line of text. */
export type OperatorCommands = Readonly<Record<string, (...values: string[]) => Promise<string>>>

interface Reply {
  readonly done: boolean
  readonly text: string
}

/** What the system allows for the path of a socket (`sun_path`), with room to spare. */
const pathMax = 100
const requestBytesMax = 16_384

/** Where the socket of a data folder is: in it, or under the temporary folder when its path is too long for a socket. */
export function operatorSocketPath(dataDir: string): string {
  const path = join(dataDir, 'operator.sock')
  if (Buffer.byteLength(path) <= pathMax) return path
  return join(tmpdir(), `latchkey-${createHash('sha256').update(dataDir).digest('hex').slice(0, 24)}.sock`)
}

async function perform(commands: OperatorCommands, line: string): Promise<Reply> {
  try {
    const [name, ...values] = JSON.parse(line) as string[]
    const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined
    if (!command) return { done: false, text: `this process does not know the command ${name}` }
    return { done: true, text: await command(...values) }
  } catch (fault) {
    return { done: false, text: (fault as Error).message }
  }
}

function answer(socket: Socket, commands: OperatorCommands): void {
  let received = ''
  socket.setEncoding('utf8').setTimeout(30_000, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', async (chunk: string) => {
    received += chunk
    if (received.length > requestBytesMax) socket.destroy()
    const end = received.indexOf('\n')
    if (end < 0) return
    socket.pause()
    socket.end(`${JSON.stringify(await perform(commands, received.slice(0, end)))}\n`)
  })
}

/** Listens for the operator. A socket that a killed process left behind is replaced. */
export async function listenForOperator(dataDir: string, commands: OperatorCommands): Promise<Server> {
  const path = operatorSocketPath(dataDir)
  rmSync(path, { force: true })
  const server = createServer((socket) => answer(socket, commands))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  chmodSync(path, 0o600)
  return server
}

const nobodyListens = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

/** Asks the process that runs on a data folder. `null` when none does; rejects with its words when it refuses. */
export async function askRunningProcess(dataDir: string, request: readonly string[]): Promise<string | null> {
  const socket = createConnection(operatorSocketPath(dataDir))
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).once('connect', resolve))
  } catch (fault) {
    if (nobodyListens.has((fault as NodeJS.ErrnoException).code ?? '')) return null
    throw fault
  }
  socket.write(`${JSON.stringify(request)}\n`)
  for await (const line of createInterface(socket)) {
    const reply = JSON.parse(line) as Reply
    if (!reply.done) throw new Error(reply.text)
    return reply.text
  }
  throw new Error('the running process closed the connection without an answer')
}
