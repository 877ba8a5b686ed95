/** A gateway with registered operations, of the level that a test is about. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '@latchkey/telemetry'
import { type OpenEstate, openEstate } from '../estate.fixture.ts'
import type { PersistedLevel } from './levels.ts'
import { type ManifestOperation, writeManifest } from './manifest.ts'

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
export const operation = (name: string, body: string, type: 'query' | 'mutation' = 'query'): ManifestOperation => ({
  ...{ id: sha256(body), name, type, body },
})

export const opened = operation('Open', 'query Open { open }')
export const counted = operation('Count', 'query Count($by: Int! = 1) {\n  count(by: $by)\n}')
export const pinged = operation('Ping', 'mutation Ping { ping }', 'mutation')
export const registered = [opened, counted, pinged, { ...opened, id: 'open.1' }]

interface Answer {
  readonly status: number
  readonly data?: unknown
  readonly code?: unknown
}

export async function read(response: Response): Promise<Answer> {
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { extensions: { code: unknown } }[] }
  const code = errors?.[0]?.extensions.code
  return { status: response.status, ...(data !== undefined && { data }), ...(code !== undefined && { code }) }
}

export interface House extends OpenEstate {
  readonly file: string
  readonly lines: string[]
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>
  get(search: Record<string, string>): Promise<Answer>
}

export async function houseAt(
  level: PersistedLevel,
  operations: readonly ManifestOperation[] = registered,
): Promise<House> {
  const file = join(mkdtempSync(join(tmpdir(), 'operations-')), 'operations.json')
  writeFileSync(file, writeManifest(operations))
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'info', service: 'test', destination })
  const estate = await openEstate({ persisted: { level, file }, logger })
  const headersOf = (more: Record<string, string>) => ({ 'content-type': 'application/json', ...more })
  const url = `${estate.url}/graphql`
  return {
    ...{ ...estate, file, lines },
    post: async (body, headers = {}) =>
      read(await fetch(url, { method: 'POST', headers: headersOf(headers), body: JSON.stringify(body) })),
    get: async (search) =>
      read(
        await fetch(`${url}?${new URLSearchParams(search)}`, { headers: headersOf({ accept: 'application/json' }) }),
      ),
  }
}

export const hashOnly = (hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash: hash } } })
export const open = { status: 200, data: { open: 'sesame' } }
export const refused = (code: string) => ({ status: 400, code })
export const idRequired = 'PERSISTED_QUERY_ID_REQUIRED'
/** A key for each, so that none has to wait for another. */
export const keyAt = (persistedOperations: string, more: object = {}) => ({
  'x-api-key': `Key${randomUUID()} ${JSON.stringify({ ...more, persistedOperations })}`,
})
