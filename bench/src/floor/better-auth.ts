/** A peer: better-auth as its guide sets it up, with its sessions in Redis, on `node:http`. It announces the cookies of those it signed up. */
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { announce, settings } from '../announce.ts'
import { redisStorage } from './better-auth-storage.ts'

const { redisUrl, people } = (await settings()) as { redisUrl: string; people: number }

const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: 'thirty-two characters for the bench only',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  secondaryStorage: redisStorage(redisUrl),
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
