/** Empties what Redis knows of us: sessions, copies of grants and keys, counters. */
import { Redis } from 'ioredis'

const pageMax = 1_000

/** Over a connection that may take its time. Resolves with how many keys there were. */
export async function forgetAll(url: string, prefix: string): Promise<number> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    await redis.connect()
    let forgotten = 0
    for await (const keys of redis.scanStream({ match: `${prefix}*`, count: pageMax })) {
      if (keys.length > 0) forgotten += await redis.unlink(keys)
    }
    return forgotten
  } finally {
    redis.disconnect()
  }
}
