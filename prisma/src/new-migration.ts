/** `npm run migrate:new -w prisma -- NAME`: writes the migration that the schema files now ask for. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrationsFolder } from './migrations.ts'
import { scratchServer } from './prisma-cli.ts'
import { compareWithSchema } from './schema-difference.ts'

/** Waiting for a lock holds up everyone who comes after; a migration that cannot have it soon tries another time. */
const opening = "SET LOCAL lock_timeout = '5s';"

const stampOf = (now: Date): string => now.toISOString().replaceAll(/\D/g, '').slice(0, 14)

async function createMigration(name: string | undefined): Promise<string> {
  if (!name || !/^[a-z0-9_]+$/.test(name))
    throw new Error('give it a name of a-z, 0-9 and _: what it does, such as add_passkeys')
  const { difference } = await compareWithSchema({ server: scratchServer(process.env) })
  if (!difference) return 'nothing to write: the migrations say what the schema files say'
  const folder = join(migrationsFolder, `${stampOf(new Date())}_${name}`)
  mkdirSync(folder)
  writeFileSync(join(folder, 'migration.sql'), `-- What it does, and why.\n${opening}\n\n${difference.trim()}\n`)
  return `wrote ${folder}/migration.sql: read it, say in its first line what it does, apply it with npm run migrate`
}

try {
  process.stdout.write(`${await createMigration(process.argv[2])}\n`)
} catch (error) {
  process.stderr.write(`migrate:new: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
