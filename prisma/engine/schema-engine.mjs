#!/usr/bin/env node
/** Prisma's schema engine without its download: the WebAssembly build from npm, spoken to like the native one. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { connectionParts, dropShadows, SchemaAdapterFactory } from './adapter.mjs'

const argv = process.argv.slice(2)
const valuesOf = (option) => argv.flatMap((argument, index) => (argument === option ? [argv[index + 1]] : []))
const url = valuesOf('--datasource').map((datasource) => JSON.parse(datasource).url)[0]

/** The client takes the first line of standard error for noise and every other one for JSON. */
function report(error) {
  const missing = error.code === '3D000'
  const fields = {
    message: missing ? error.message : `Can't reach the database server: ${error.message || error.code}`,
    error_code: missing ? 'P1003' : 'P1001',
    is_panic: false,
  }
  process.stderr.write(`\n${JSON.stringify({ level: 'ERROR', target: 'schema_engine::logger', fields })}\n`)
}

const chores = {
  'can-connect-to-database': () => null,
  'create-database': (name) => `CREATE DATABASE ${name}`,
  'drop-database': (name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
}

/** `schema-engine cli <chore>`: what has to be done to a database from outside it. */
async function runChore(chore) {
  const parts = connectionParts(url)
  const sql = chores[chore](pg.escapeIdentifier(parts.database))
  const client = new pg.Client({
    ...parts,
    database: sql ? 'postgres' : parts.database,
    connectionTimeoutMillis: 5_000,
  })
  try {
    await client.connect()
    if (sql) await client.query(sql)
    await client.end()
  } catch (error) {
    report(error)
    process.exitCode = 1
  }
}

async function loadEngine() {
  const wasm = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const { instance } = await WebAssembly.instantiate(readFileSync(wasm.replace(/\.js$/, '.wasm')), {
    './schema_engine_bg.js': engineModule,
  })
  engineModule.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start()
}

function createEngine() {
  const schema = url ? (new URL(url).searchParams.get('schema') ?? undefined) : undefined
  const factory = new SchemaAdapterFactory(url ? connectionParts(url) : {}, { schema })
  const models = valuesOf('--datamodels').map((path) => [path, readFileSync(path, 'utf8')])
  const datamodels = models.length ? models : undefined
  return engineModule.SchemaEngine.new({ datamodels }, () => {}, bindMigrationAwareSqlAdapterFactory(factory))
}

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

const failure = (error, panic) => {
  const message = panic ?? String(error?.message ?? error)
  const data = { message, is_panic: panic !== undefined, meta: error?.meta ?? null, error_code: error?.code }
  return { code: 4466, message, data }
}

async function answer(starting, { id, method, params }) {
  try {
    const engine = await starting
    const result = (await engine[method === 'getDatabaseVersion' ? 'version' : method](params)) ?? {}
    // The native engine asks its client to print a diff; the WebAssembly one returns it.
    if (method === 'diff' && result.stdout) send({ id: 1_000_000, method: 'print', params: { content: result.stdout } })
    send({ id, result })
  } catch (error) {
    send({ id, error: failure(error) })
  }
}

/** An engine that just ends looks like success to its client, so a panic, too, has to be an answer. */
function answerPanics(current) {
  let panic = 'the schema engine stopped'
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      panic = message
    },
  }
  process.once('uncaughtException', (error) => {
    send({ id: current(), error: failure(error, panic) })
    end(1)
  })
}

/** An open pool would keep a process alive that nobody talks to any more. */
async function end(code) {
  await dropShadows()
  process.exit(code)
}

/** JSON-RPC, one message a line, one call at a time; ends when its client hangs up. */
async function serve() {
  let current = null
  answerPanics(() => current)
  // The client hangs up and kills at once; the shadow database has to go before we do.
  process.on('SIGTERM', () => {})
  // It connects at once: a failure is the answer to the first call.
  const starting = createEngine()
  starting.catch(() => {})
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line)
    if (!message.method) continue
    current = message.id
    await answer(starting, message)
  }
}

const chore = valuesOf('cli')[0]
if (chore) await runChore(chore)
else {
  await loadEngine()
  if (argv.includes('--version')) process.stdout.write(`schema-engine-cli ${engineModule.version()}\n`)
  else await serve()
}
await end(process.exitCode)
