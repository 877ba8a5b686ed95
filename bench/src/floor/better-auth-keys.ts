/**
 * A peer: better-auth's API keys, verified as its guide shows, by a bare `node:http` server: kept in Postgres, which is its default,
 * or in Redis. It has a rate limit, as it has by default, which nobody meets here. It announces the keys that it made.
 */
import { createServer } from 'node:http'
import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { Pool } from 'pg'
import { announce, settings } from '../announce.ts'
import { redisStorage } from './better-auth-storage.ts'

interface Settings {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly storage: 'database' | 'secondary-storage'
  readonly keys: number
}

const { databaseUrl, redisUrl, storage, keys } = (await settings()) as Settings

const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: 'thirty-two characters for the bench only',
  database: new Pool({ connectionString: databaseUrl, max: 10 }),
  ...(storage === 'secondary-storage' && { secondaryStorage: redisStorage(redisUrl) }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [apiKey({ storage, rateLimit: { enabled: true, timeWindow: 60_000, maxRequests: 1_000_000_000 } })],
})

await (await getMigrations(auth.options)).runMigrations()
const made: string[] = []
for (let number = 0; number < keys; number++) {
  const body = { name: 'Somebody', email: `caller${number}@example.com`, password: 'correct horse battery staple' }
  const { user } = await auth.api.signUpEmail({ body })
  const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: 'bench' } })
  made.push(key)
}

const server = createServer(async (request, response) => {
  const { valid, key } = await auth.api.verifyApiKey({ body: { key: String(request.headers['x-api-key']) } })
  const body = JSON.stringify({ valid, id: key?.id })
  response.writeHead(valid ? 200 : 401, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
})

announce(server, { keys: made })
