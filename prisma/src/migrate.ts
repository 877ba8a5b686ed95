/** `npm run migrate`: applies what is pending to the database named by DATABASE_URL. */
import { applyMigrations } from './migrations.ts'

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  // Node tells of a host with several addresses in an error without words.
  return error.message || ('code' in error ? String(error.code) : error.name)
}

async function migrate(url: string | undefined): Promise<string> {
  if (!url)
    throw new Error(
      'DATABASE_URL is not set. Give the Postgres to migrate: DATABASE_URL=postgresql://… npm run migrate',
    )
  const applied = await applyMigrations(url)
  return applied.length
    ? applied.map((name) => `applied ${name}`).join('\n')
    : 'nothing to apply: the schema is up to date'
}

try {
  process.stdout.write(`${await migrate(process.env.DATABASE_URL)}\n`)
} catch (error) {
  process.stderr.write(`migrate: ${reasonOf(error).replaceAll('\n', ' ')}\n`)
  process.exitCode = 1
}
