/** A pool's connections, lent only while waiting for one makes sense. */
import { Socket } from 'node:net'
import { afterAwake } from '@latchkey/clock/awake'
import type pg from 'pg'
import { connectInTurn } from './open-in-turn.ts'
import { createPatience, noSooner } from './patience.ts'

/** In words that `failure.ts` knows: Prisma would hide a Problem in an error of its own. */
const refusal = (reason: string) => new Error(`the server cannot be asked: ${reason}`)

export interface OwnSockets {
  /** For `pg`, which takes a function that makes them. */
  readonly stream: () => Socket
  /** Whatever waits on one of them fails at once. */
  destroyAll(reason: Error): void
}

/** Those of connections that are only being opened, too: a pool does not tell of these. */
export function ownSockets(): OwnSockets {
  const open = new Set<Socket>()
  return {
    stream() {
      const socket = new Socket()
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      return socket
    },
    destroyAll(reason) {
      for (const socket of open) socket.destroy(reason)
    },
  }
}

/** So long after a lock was not given nobody waits for a connection: those who have one wait for the lock. */
const heldForMs = 500
const lockNotAvailable = '55P03'

/** Notices locks that were not given, on whatever connection. */
function watchLocks(pool: pg.Pool, onHeld: () => void): { isHeld(): boolean } {
  let heldMs = Number.NEGATIVE_INFINITY
  pool.on('connect', (client) => {
    // pg types this as part of `Client` only, and its events not at all.
    const { connection } = client as pg.PoolClient & { readonly connection: NodeJS.EventEmitter }
    connection.on('errorMessage', ({ code }: { readonly code?: string }) => {
      if (code !== lockNotAvailable) return
      heldMs = performance.now()
      onHeld()
    })
  })
  return { isHeld: () => performance.now() - heldMs < heldForMs }
}

/** So long a connection is waited for while others come back, or one is being opened. */
const waitMs = 2_000
/** So many times as long as the server may give no sign: where none came back for that, whoever waits would wait for those who hang. */
const standsAfter = 2

interface Waiting {
  readonly server: pg.ClientConfig
  readonly sockets: OwnSockets
  /** Milliseconds in which the server may give no sign of life. */
  readonly patienceMs: number
}

/**
 * Who waits for a connection is refused as soon as the server gives no sign of life, and so is whatever is on its way; until
 * there is a sign again everything is refused at once. Where a lock is held, nobody waits for a connection and then for the
 * lock, too. Where all connections are taken and none comes back, nobody waits for one. Time in which this process stood still
 * is not waiting.
 */
export function connectPatiently(pool: pg.Pool, { server, sockets, patienceMs }: Waiting): void {
  const connect = connectInTurn(pool)
  const waiting = new Set<(reason: Error) => void>()
  /** Those that are lent, and what is to be called when they come back. */
  const held = new Map<pg.PoolClient, () => void>()
  const isNoneFree = () => pool.idleCount <= pool.waitingCount
  const longestMs = noSooner(waitMs, patienceMs)
  const mustWait = () => isNoneFree() && pool.totalCount >= (pool.options.max ?? 0)
  const areAllHeld = () => held.size >= (pool.options.max ?? 0)
  let isStanding = false
  let stopWatching: (() => void) | null = null

  function refuseWaiting(reason: string): void {
    for (const refuse of waiting) refuse(refusal(reason))
    waiting.clear()
  }

  const patience = createPatience(server, patienceMs, () => {
    refuseWaiting('it gives no sign of life')
    sockets.destroyAll(refusal('it gives no sign of life'))
  })
  const { isHeld } = watchLocks(pool, () => refuseWaiting('a lock is held'))
  pool.on('release', (_error, client) => {
    held.get(client)?.()
    held.delete(client)
    isStanding = false
    stopWatching?.()
    stopWatching = null
    if (waiting.size > 0) watchStanding()
  })

  /** Until the next one comes back. */
  function watchStanding(): void {
    stopWatching ??= afterAwake(standsAfter * patienceMs, () => {
      stopWatching = null
      isStanding = areAllHeld()
      if (isStanding) refuseWaiting('every connection is held')
    })
  }

  async function lend(): Promise<pg.PoolClient> {
    if (patience.isOver()) throw refusal('it gives no sign of life')
    if (isHeld() && mustWait()) throw refusal('a lock is held')
    if (isStanding && areAllHeld()) throw refusal('every connection is held')
    const done = patience.asked()
    try {
      const client = await waitForOne()
      held.set(client, done)
      return client
    } catch (error) {
      done()
      throw error
    }
  }

  function waitForOne(): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      if (areAllHeld()) watchStanding()
      const isWaiting = () => waiting.has(reject)
      const refuse = () => {
        waiting.delete(reject)
        reject(refusal('no connection is free'))
      }
      const stop = isNoneFree() ? afterAwake(longestMs, refuse) : () => {}
      connect(isWaiting)
        // Whoever was refused meanwhile does not want it any longer.
        .then((client) => (isWaiting() ? resolve(client) : client.release()), reject)
        .finally(() => {
          stop()
          waiting.delete(reject)
        })
    })
  }

  // The overloads of `connect` are those of pg; the form with a callback is used by nobody.
  pool.connect = lend as typeof pool.connect
  const end = pool.end.bind(pool) as () => Promise<void>
  pool.end = (() => end().finally(patience.end)) as typeof pool.end
}
