/** News of accounts through Redis: a channel for each account. */
import { Problem } from '@latchkey/problem'
import { orUnavailable, type Redis, redisForListening } from '../redis.ts'
import type { AccountNews, Listener, News } from './account-news.ts'

export interface RedisNewsOptions {
  readonly redis: Redis
  /** Keeps several installations, or tests, apart in one Redis. */
  readonly prefix: string
}

/** Scripts that change a record tell of it in the same step. */
export const newsChannel = (prefix: string, accountId: string): string => `${prefix}news:{${accountId}}`

/** What is shouted into a channel. */
export const newsText = (news: News): string => JSON.stringify(news)

interface Channel {
  readonly listeners: Set<Listener>
  /** Resolves once Redis has said that it is heard. */
  readonly open: Promise<unknown>
}

export function redisAccountNews({ redis, prefix }: RedisNewsOptions): AccountNews {
  const nameOf = (accountId: string) => newsChannel(prefix, accountId)
  const ear = createEar(() => redisForListening(redis, `${prefix}news`))
  return {
    async tell({ accountId, news }) {
      await orUnavailable(redis.publish(nameOf(accountId), newsText(news)))
    },
    async listenedTo(accountIds) {
      if (accountIds.length === 0) return new Set()
      // Name, count, name, count, …, in the order they were asked for.
      const answer = await orUnavailable(redis.pubsub('NUMSUB', ...accountIds.map(nameOf)))
      return new Set(accountIds.filter((_, at) => Number(answer[2 * at + 1]) > 0))
    },
    listen: (accountId, listener) => ear.listen(nameOf(accountId), listener),
    close: ear.close,
  }
}

/** A connection that does nothing but listen. It is opened by the first who listens; when it breaks, everybody is told. */
function createEar(openConnection: () => Redis) {
  const channels = new Map<string, Channel>()
  let connection: Redis | null = null
  let connected: Promise<void> = Promise.resolve()

  function hear(name: string, text: string): void {
    const news = JSON.parse(text) as News // nobody else writes there
    for (const listener of channels.get(name)?.listeners ?? []) listener.heard(news)
  }

  function lose(): void {
    const lost = [...channels.values()].flatMap(({ listeners }) => [...listeners])
    channels.clear()
    for (const listener of lost) listener.lost()
  }

  function connect(): Redis {
    if (connection) return connection
    connection = openConnection()
    connection.on('message', hear)
    connection.on('close', lose)
    // Should it fail, the connection tries again by itself, and until then refuses whatever is asked of it.
    connected = connection.connect().catch(() => {})
    return connection
  }

  function open(name: string): Channel {
    const known = channels.get(name)
    if (known) return known
    const listening = connect()
    const channel = { listeners: new Set<Listener>(), open: begin(listening, name) }
    channels.set(name, channel)
    return channel
  }

  async function begin(listening: Redis, name: string): Promise<void> {
    await connected
    await orUnavailable(listening.subscribe(name))
  }

  /** What was opened anew under the name meanwhile is somebody else's. */
  function leave(name: string, channel: Channel, listener: Listener): void {
    channel.listeners.delete(listener)
    if (channel.listeners.size > 0 || channels.get(name) !== channel) return
    channels.delete(name)
    connection?.unsubscribe(name).catch(() => {})
  }

  return {
    async listen(name: string, listener: Listener) {
      const channel = open(name)
      channel.listeners.add(listener)
      try {
        await channel.open
      } catch (thrown) {
        leave(name, channel, listener)
        throw thrown
      }
      if (!channel.listeners.has(listener) || channels.get(name) !== channel)
        throw new Problem('UNAVAILABLE', 'redis: the connection broke while it began to listen')
      return () => leave(name, channel, listener)
    },
    close() {
      channels.clear()
      connection?.disconnect()
    },
  }
}
