/** A small DNS server on this machine (RFC 1035), which says what it is told to say. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type SrvData,
  streamDecode,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet'

type Told =
  | { readonly type: 'A' | 'AAAA'; readonly data: string; readonly ttl: number }
  | { readonly type: 'SRV'; readonly data: SrvData; readonly ttl: number }

export interface NameServer {
  /** As a resolver is told of it. */
  readonly address: string
  /** What it says of a name from now on; those that it was never told of are no names. */
  tell(name: string, answers: readonly Told[] | 'no such name'): void
  /** `silent`: it takes questions and says nothing. */
  manner(manner: 'answering' | 'failing' | 'silent'): void
  asked(): number
  close(): Promise<void>
}

export const anAddress = (address: string, ttl = 0): Told => ({
  type: address.includes(':') ? 'AAAA' : 'A',
  ...{ data: address, ttl },
})

export const aService = (target: string, port: number, { priority = 0, weight = 0 } = {}): Told => ({
  ...{ type: 'SRV', ttl: 0 },
  data: { target, port, priority, weight },
})

const [serverFailure, noSuchName] = [2, 3]
/** What fits into a datagram without further agreement. */
const datagramMax = 512

export async function openNameServer(): Promise<NameServer> {
  const told = new Map<string, readonly Told[] | 'no such name'>()
  let manner: 'answering' | 'failing' | 'silent' = 'answering'
  let asked = 0

  function answerTo(question: Buffer) {
    const { id, questions = [] } = decode(question)
    const [{ name, type } = { name: '', type: 'A' as const }] = questions
    const said = told.get(name.toLowerCase())
    const known = typeof said === 'string' ? undefined : said
    const answers = (known ?? []).flatMap((one) => (one.type === type ? [{ ...one, name } as Answer] : []))
    const code = manner === 'failing' ? serverFailure : known ? 0 : noSuchName
    const flags = AUTHORITATIVE_ANSWER | code
    return { type: 'response' as const, id: id ?? 0, flags, questions, answers: code === 0 ? answers : [] }
  }

  const overTcp = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => {}))
    let heard = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk])
      if (heard.length < 2 || heard.length < heard.readUInt16BE(0) + 2) return
      const question = encode(streamDecode(heard))
      asked += 1
      heard = Buffer.alloc(0)
      if (manner !== 'silent') socket.write(streamEncode(answerTo(question)))
    })
  })
  const sockets = new Set<Socket>()
  overTcp.listen(0, '127.0.0.1')
  await once(overTcp, 'listening')
  const { port } = overTcp.address() as AddressInfo // a TCP server that listens
  const overUdp = createSocket('udp4').bind(port, '127.0.0.1')
  overUdp.on('message', (question, from) => {
    asked += 1
    if (manner === 'silent') return
    const answer = answerTo(question)
    const whole = encode(answer)
    const cut = { ...answer, flags: answer.flags | TRUNCATED_RESPONSE, answers: [] }
    overUdp.send(whole.length > datagramMax ? encode(cut) : whole, from.port, from.address)
  })
  await once(overUdp, 'listening')

  return {
    address: `127.0.0.1:${port}`,
    tell: (name, answers) => void told.set(name, answers),
    manner: (next) => {
      manner = next
    },
    asked: () => asked,
    async close() {
      for (const socket of sockets) socket.destroy()
      await Promise.all([
        new Promise((resolve) => overTcp.close(resolve)),
        new Promise<void>((resolve) => overUdp.close(resolve)),
      ])
    },
  }
}
