import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clockAt } from '@latchkey/clock/testing'
import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { silentLogger } from '@latchkey/telemetry'
import { parse } from 'graphql'
import { afterAll, expect, it } from 'vitest'
import { createPolicyJudge } from './authorize/policies.ts'
import { loadPolicies } from './authorize/policies-file.ts'
import { composeSupergraph } from './compose/compose.ts'
import { createEstate, dependenciesOf } from './estate.fixture.ts'
import { createGateway } from './gateway.ts'

const page = readFileSync(new URL('../../docs/security/directives.md', import.meta.url), 'utf8')
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(page)?.[1] ?? ''

const folder = mkdtempSync(join(tmpdir(), 'page-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'policies.mjs')
writeFileSync(file, block('js'))

const desk = '10.1.2.3'
const elsewhere = '192.0.2.1'
const reader = aUser({ scopes: ['invoices:read'], roles: ['user'] })
const finance = { ...reader, roles: ['finance'] }
const auditors = anApiKey({ scopes: ['invoices:read'], restrictions: ['auditors'] })

/** The rows of the page's table: who asks from where, the answer's status, and what is null of the invoice when it is filtered. */
const rows: readonly [Principal, string, number, readonly string[]][] = [
  [anonymous, elsewhere, 401, ['invoice']],
  [reader, desk, 403, ['invoice.margin']],
  [finance, desk, 200, []],
  [finance, elsewhere, 403, ['invoice.margin']],
  [auditors, elsewhere, 200, []],
]

it('shows a schema and policies that do what its table says', async () => {
  expect(parse(block('graphql')).definitions.length).toBeGreaterThan(3)
  const composition = composeSupergraph({
    subgraphs: [{ name: 'invoices', url: 'http://invoices.test', file: 'invoices.graphql', sdl: block('graphql') }],
  })
  if ('errors' in composition) throw new Error(composition.errors.join('\n'))
  const policies = await loadPolicies(file)
  const table = page
    .slice(page.indexOf('| caller |'))
    .split('\n')
    .slice(2, 2 + rows.length)
  for (const [index, [principal, address, status, nulls]] of rows.entries()) {
    for (const word of status === 200 ? ['answered'] : [String(status), ...nulls]) expect(table[index]).toContain(word)
    for (const authorization of ['reject', 'filter'] as const) {
      const gateway = createGateway({
        ...dependenciesOf({ ...createEstate(), supergraphSdl: composition.sdl }),
        ...{ policies, authorization, trustedProxies: { kind: 'hops', count: 1 } },
        recognisers: [async () => ({ principal })],
        transports: { invoices: async () => ({ data: { invoice: { total: 1, margin: 2 } } }) },
      })
      const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 })
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
        body: JSON.stringify({ query: '{ invoice { total margin } }' }),
      })
      const { errors = [] } = (await response.json()) as { errors?: { path?: string[] }[] }
      await gateway.close()
      expect(response.status).toBe(authorization === 'reject' ? status : 200)
      if (authorization === 'filter') expect(errors.map(({ path }) => path?.join('.'))).toEqual(nulls)
    }
  }
  const judge = createPolicyJudge({ policies, clock: clockAt('2031-01-01T00:00:00Z'), logger: silentLogger })
  const later = judge(() => ({
    principal: auditors,
    operation: { kind: 'query', name: 'A' },
    client: { address: desk },
  }))
  expect(later.allows('auditor')).toBe(false)
})
