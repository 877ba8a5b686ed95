/** The drift gate: migrations, replayed on an empty database, must give what the schema files say. */
import { scratchServer } from './prisma-cli.ts'
import { compareWithSchema } from './schema-difference.ts'

try {
  const { difference } = await compareWithSchema({ server: scratchServer(process.env) })
  const verdict = difference
    ? `the schema files ask for what no migration does; write it with npm run migrate:new -w prisma -- NAME\n\n${difference}`
    : 'the migrations do what the schema files say\n'
  process.stdout.write(verdict)
  process.exitCode = difference ? 1 : 0
} catch (error) {
  process.stderr.write(`drift: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
