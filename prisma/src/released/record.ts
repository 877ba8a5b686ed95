/** `npm run release -w prisma`: what is released now is what later migrations have to leave in place. */
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { applyMigrations, readMigrations } from '../migrations.ts'
import { scratchServer } from '../prisma-cli.ts'
import { readContract } from './contract.ts'
import { writeReleased } from './file.ts'

async function on<Answer>(url: string, ask: (client: pg.Client) => Promise<Answer>): Promise<Answer> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

/** A database of its own, with every migration, and gone afterwards. */
async function recordRelease(server: string): Promise<string> {
  const name = `released_${randomUUID()}`
  const scratch = new URL(server)
  scratch.pathname = `/${name}`
  await on(server, (client) => client.query(`CREATE DATABASE "${name}" TEMPLATE template0`))
  try {
    const applied = await applyMigrations(scratch.href)
    const contract = await on(scratch.href, (client) => readContract(client, applied.at(-1) ?? ''))
    return writeReleased(contract)
  } finally {
    await on(server, (client) => client.query(`DROP DATABASE "${name}" WITH (FORCE)`))
  }
}

try {
  const file = await recordRelease(scratchServer(process.env))
  process.stdout.write(`${readMigrations().length} migrations are released: commit ${file}\n`)
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
