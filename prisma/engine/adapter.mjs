/** Postgres as the schema engine needs it: adapter-pg with its three faults mended. */
import { randomUUID } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import { parse } from 'pg-connection-string'

const charOid = 18
const textOid = 25

/** Fault 1: adapter-pg knows no `"char"`, which the catalog is full of and the engine takes for a character. */
function withCharacters(queryable) {
  const characterColumns = new WeakMap()
  const performIO = queryable.performIO.bind(queryable)
  const queryRaw = queryable.queryRaw.bind(queryable)
  queryable.performIO = async (query) => {
    const result = await performIO(query)
    const columns = [...result.fields.keys()].filter((index) => result.fields[index].dataTypeID === charOid)
    for (const index of columns) result.fields[index].dataTypeID = textOid
    characterColumns.set(result.rows, columns)
    return result
  }
  queryable.queryRaw = async (query) => {
    const answer = await queryRaw(query)
    for (const index of characterColumns.get(answer.rows)) answer.columnTypes[index] = ColumnTypeEnum.Character
    return answer
  }
  return queryable
}

/** Fault 2: adapter-pg cuts a script at every `;`, also inside `$$ … $$`. Postgres takes a script whole. */
function withWholeScripts(adapter) {
  const pool = adapter.underlyingDriver()
  adapter.executeScript = async (script) => {
    try {
      await pool.query(script)
    } catch (error) {
      adapter.onError(error)
    }
  }
  return adapter
}

// Without the search path, a user named like one of our schemas would keep Prisma's table in it.
const session = { application_name: 'latchkey-schema', options: '-c search_path=public' }

/** Where a connection URL points. `pg` would let a URL win over `database`, so the shadow needs the parts. */
export function connectionParts(url) {
  const { host, port, user, password, database, ssl } = parse(url)
  return { host, port: port ? Number(port) : 5432, user, password, database, ssl, ...session }
}

/** Adapters for one database, and for throw-away shadows beside it. */
export class SchemaAdapterFactory extends PrismaPg {
  constructor(parts, options) {
    super({ ...parts, max: 1 }, options)
  }

  async connect() {
    return withCharacters(withWholeScripts(await super.connect()))
  }

  /** Fault 3: adapter-pg's shadow, built from a URL, is the main database itself. */
  async connectToShadowDb() {
    const main = await this.connect()
    const database = `latchkey_shadow_${randomUUID().replaceAll('-', '')}`
    await main.executeScript(`CREATE DATABASE "${database}"`)
    const drop = async () => {
      shadows.delete(drop)
      await main.executeScript(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`)
      await main.dispose()
    }
    shadows.add(drop)
    const shadow = await new SchemaAdapterFactory({ ...this.config, database }).connect()
    const disconnect = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await disconnect()
      await drop()
    }
    return shadow
  }
}

const shadows = new Set()

/** The engine leaves its shadow behind when a migration fails in it. */
export async function dropShadows() {
  for (const drop of shadows) await drop().catch(() => {})
}
