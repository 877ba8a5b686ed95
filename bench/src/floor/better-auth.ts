/** A peer: better-auth as its guide sets it up, with its sessions in Redis, on `node:http`. It announces the cookies of those it signed up. */
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { Redis } from 'ioredis'
import { announce, settings } from '../announce.ts'

const { redisUrl, people } = (await settings()) as { redisUrl: string; people: number }
const redis = new Redis(redisUrl)
const nameOf = (key: string) => `better-auth:${key}`

const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: 'thirty-two characters for the bench only',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  secondaryStorage: {
    get: (key) => redis.get(nameOf(key)),
    getAndDelete: (key) => redis.getdel(nameOf(key)),
    increment: async (key, ttl) => {
      const count = await redis.incr(nameOf(key))
      if (count === 1) await redis.expire(nameOf(key), ttl)
      return count
    },
    set: async (key, value, ttl) => {
      await (ttl === undefined ? redis.set(nameOf(key), value) : redis.set(nameOf(key), value, 'EX', ttl))
    },
    delete: async (key) => {
      await redis.del(nameOf(key))
    },
  },
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
})

const cookies: string[] = []
for (let number = 0; number < people; number++) {
  const body = { name: 'Somebody', email: `caller${number}@example.com`, password: 'correct horse battery staple' }
  const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true })
  cookies.push(headers.get('set-cookie')?.split(';')[0] ?? '')
}

announce(createServer(toNodeHandler(auth)), { cookies })
