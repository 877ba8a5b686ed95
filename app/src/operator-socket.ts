/** The operator's way into a running process: a socket in the data folder that only its owner can open. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What an operator may ask of a running process: a name and its arguments, answered with one line of text. */
export type OperatorCommands = Readonly<Record<string, (...values: string[]) => Promise<string>>>

/** Tells the operator how far a command has come, while it runs. */
export type Say = (line: string) => void

/** Commands that take long enough to tell how far they have come. */
export type TellingCommands = Readonly<Record<string, (say: Say, ...values: string[]) => Promise<string>>>

interface Reply {
  readonly done: boolean
  readonly text: string
}

/** Comes before the reply, as often as there is something to tell. */
interface Progress {
  readonly progress: string
}

interface Offered {
  readonly commands: OperatorCommands
  readonly telling: TellingCommands
}

/** What the system allows for the path of a socket (`sun_path`), with room to spare. */
const pathMax = 100
const requestBytesMax = 16_384

/** Tells where the socket is: a path that is too long for one leads to a folder of our own under the temporary one. */
const noteIn = (dataDir: string): string => join(dataDir, 'operator-socket')

function chooseSocketPath(dataDir: string): string {
  const path = join(dataDir, 'operator.sock')
  // A name that nobody can guess, in a folder that nobody else can enter: else somebody could listen there first.
  return Buffer.byteLength(path) <= pathMax ? path : join(mkdtempSync(join(tmpdir(), 'latchkey-')), 'operator.sock')
}

/** Where the process that runs on a data folder listens, or last listened; `null` where none ever did. */
export const operatorSocketPath = (dataDir: string): string | null =>
  existsSync(noteIn(dataDir)) ? readFileSync(noteIn(dataDir), 'utf8') : null

async function perform({ commands, telling }: Offered, line: string, say: Say): Promise<Reply> {
  try {
    const [name = '', ...values] = JSON.parse(line) as string[]
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined
    if (command) return { done: true, text: await command(...values) }
    const teller = Object.hasOwn(telling, name) ? telling[name] : undefined
    if (teller) return { done: true, text: await teller(say, ...values) }
    return { done: false, text: `this process does not know the command ${name}` }
  } catch (fault) {
    return { done: false, text: (fault as Error).message }
  }
}

function answer(socket: Socket, offered: Offered): void {
  let received = ''
  const write = (message: Reply | Progress) => socket.writable && socket.write(`${JSON.stringify(message)}\n`)
  socket.setEncoding('utf8').setTimeout(30_000, () => socket.destroy())
  socket.on('error', () => socket.destroy())
  socket.on('data', async (chunk: string) => {
    received += chunk
    if (received.length > requestBytesMax) socket.destroy()
    const end = received.indexOf('\n')
    if (end < 0) return
    // The request is here; the work may take as long as it takes.
    socket.pause().setTimeout(0)
    write(await perform(offered, received.slice(0, end), (progress) => write({ progress })))
    socket.end()
  })
}

/** Listens for the operator. A socket that a killed process left behind is replaced. */
export async function listenForOperator(
  dataDir: string,
  commands: OperatorCommands,
  telling: TellingCommands = {},
): Promise<Server> {
  const path = chooseSocketPath(dataDir)
  rmSync(path, { force: true })
  const server = createServer((socket) => answer(socket, { commands, telling }))
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  chmodSync(path, 0o600)
  writeFileSync(noteIn(dataDir), path, { mode: 0o600 })
  return server
}

const nobodyListens = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'])

/** Asks the process that runs on a data folder. `null` when none does; rejects with its words when it refuses. */
export async function askRunningProcess(
  dataDir: string,
  request: readonly string[],
  say: Say = () => {},
): Promise<string | null> {
  const path = operatorSocketPath(dataDir)
  if (path === null) return null
  const socket = createConnection(path)
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).once('connect', resolve))
  } catch (fault) {
    if (nobodyListens.has((fault as NodeJS.ErrnoException).code ?? '')) return null
    throw fault
  }
  socket.write(`${JSON.stringify(request)}\n`)
  for await (const line of createInterface(socket)) {
    const reply = JSON.parse(line) as Reply | Progress
    if ('progress' in reply) {
      say(reply.progress)
      continue
    }
    if (!reply.done) throw new Error(reply.text)
    return reply.text
  }
  throw new Error('the running process closed the connection without an answer')
}
