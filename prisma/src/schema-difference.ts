/** What the schema files say beyond what the migrations do, as the SQL that would mend it. */
import { migrationsFolder } from './migrations.ts'
import { runPrisma } from './prisma-cli.ts'

interface SchemaPlace {
  /** A server on which a database may be created; nothing in it is changed. */
  readonly server: string
  readonly migrations?: string
  readonly schema?: string
}

/** `null`: they agree. Throws when the comparison could not be made, which is not agreement. */
export async function compareWithSchema({
  server,
  migrations = migrationsFolder,
  schema = 'schema',
}: SchemaPlace): Promise<{ readonly difference: string | null }> {
  const args = ['migrate', 'diff', '--from-migrations', migrations, '--to-schema', schema, '--script', '--exit-code']
  const { code, stdout, stderr } = await runPrisma(args, server)
  // 0 says "no difference" and also what a comparison that never took place says, so the words have to agree with it.
  if (code === 0 && stdout.includes('This is an empty migration')) return { difference: null }
  if (code === 2 && stdout.trim()) return { difference: stdout }
  throw new Error(
    `schema and migrations could not be compared: ${stderr.trim() || stdout.trim() || `exit code ${code}`}`,
  )
}
