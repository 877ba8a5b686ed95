/** Tells Prisma's command line where things are, to use the schema engine from npm, and to keep to itself. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'prisma/config'

// Prisma's native engine would be downloaded; ours is Prisma's own WebAssembly build, installed with the rest.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('engine/schema-engine.mjs', import.meta.url))
// No report of what was run, no look for a newer version.
process.env.CHECKPOINT_DISABLE ??= '1'
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1'

const url = process.env.DATABASE_URL

export default defineConfig({
  schema: 'schema',
  migrations: { path: 'migrations' },
  ...(url ? { datasource: { url } } : {}),
})
