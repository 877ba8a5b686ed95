/** Opens a pool's connections few at a time: a server that is back pays for each with a process, before it answers anybody. */
import type pg from 'pg'

const openingMax = 2

/**
 * Connects as the pool does. Whoever would open one more connection while others are being opened waits for those, or for one that
 * is given back. Rejects once nobody waits any longer.
 */
export function connectInTurn(pool: pg.Pool): (isWanted: () => boolean) => Promise<pg.PoolClient> {
  const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>
  const inLine: (() => void)[] = []
  let opening = 0
  const mustOpen = () => pool.idleCount <= pool.waitingCount && pool.totalCount < (pool.options.max ?? 0)
  const callNext = () => inLine.shift()?.()
  pool.on('release', callNext)

  async function open(): Promise<pg.PoolClient> {
    opening += 1
    try {
      return await connect()
    } finally {
      opening -= 1
      callNext()
    }
  }

  return async (isWanted) => {
    while (mustOpen() && opening >= openingMax && isWanted()) await new Promise<void>((resolve) => inLine.push(resolve))
    if (isWanted()) return mustOpen() ? open() : connect()
    callNext()
    throw new Error('nobody waits for it any longer')
  }
}
