/** Where a process waits for its stores: it is reached, says that it lives and is not ready, and takes nothing. */
import { createServer, type Server } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { secondMs } from '@latchkey/clock'
import { createHealthAnswers } from './health.ts'

export interface WaitingTerms {
  readonly host: string
  /** With 0 nobody could know where to ask, so nobody is answered. */
  readonly port: number
  /** What is waited for, by name: each resolves once it is there. */
  readonly stores: Readonly<Record<string, () => Promise<unknown>>>
  /** Told of what is not there yet, and why, now and then. */
  readonly tell: (store: string, fault: unknown) => void
  /** How long it is before it is asked again, in milliseconds; 250 unless said. */
  readonly pauseMs?: number
}

const tellEveryMs = 10 * secondMs

/** So that it does not matter what is started first. Rejects when the address is taken. */
export async function untilThere({ host, port, stores, tell, pauseMs = 250 }: WaitingTerms): Promise<void> {
  const room = await openRoom(host, port)
  try {
    await Promise.all(
      Object.entries(stores).map(([name, ask]) => awaited(ask, { pauseMs, tell: (fault) => tell(name, fault) })),
    )
  } finally {
    await closeRoom(room)
  }
}

async function awaited(
  ask: () => Promise<unknown>,
  { pauseMs, tell }: { pauseMs: number; tell(fault: unknown): void },
) {
  for (let toldAtMs = Number.NEGATIVE_INFINITY; ; await pause(pauseMs)) {
    try {
      await ask()
      return
    } catch (fault) {
      const nowMs = performance.now()
      if (nowMs - toldAtMs < tellEveryMs) continue
      toldAtMs = nowMs
      tell(fault)
    }
  }
}

const answers = createHealthAnswers({ ready: async () => false, isDraining: () => false })

async function openRoom(host: string, port: number): Promise<Server | null> {
  if (port === 0) return null
  const room = createServer(async ({ url = '', headers }, response) => {
    const known = await answers(url.split('?', 1)[0] ?? '', headers.authorization)
    const isServing = url.startsWith('/health/serving')
    const { status, words } = isServing || !known ? notYet : known
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', connection: 'close' })
    response.end(JSON.stringify(words))
  })
  await new Promise<void>((resolve, reject) => room.once('error', reject).listen({ host, port }, resolve))
  return room
}

const notYet = { status: 503, words: { status: 'not ready' } } as const

async function closeRoom(room: Server | null): Promise<void> {
  if (!room) return
  const closed = new Promise((resolve) => room.close(resolve))
  room.closeAllConnections()
  await closed
}
