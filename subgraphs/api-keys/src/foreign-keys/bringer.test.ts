import { createHash } from 'node:crypto'
import { aUser } from '@latchkey/principal/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningApiKeys, runApiKeys } from '../application.fixture.ts'
import type { Bringer } from '../imports/import.ts'

let app: RunningApiKeys
beforeAll(async () => {
  app = await runApiKeys()
})
afterAll(() => app.stop())

const admin = aUser({ userId: 'usr_keys', scopes: ['keys:admin', 'keys:read'] })
const importQuery = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { rows { outcome reason } } }`

let made = 0
function aRow(more: object) {
  const text = `acme_${String(made++).padStart(6, '0')}_${'0123456789abcdef'.repeat(2)}`
  const hash = { format: 'SHA256', value: createHash('sha256').update(text).digest('hex') }
  const row = {
    externalId: `old-${made}`,
    ownerId: 'usr_keys',
    name: 'from before',
    scopes: ['keys:read'],
    hash,
    ...more,
  }
  return JSON.stringify(row)
}
const broughtBy = async (more: object) => {
  const { data, errors } = await app.ask(admin, importQuery, { input: { ndjson: aRow(more), mode: 'DRY_RUN' } })
  if (errors) throw new Error(JSON.stringify(errors))
  const [row] = (data as { importApiKeys: { rows: { outcome: string; reason: string | null }[] } }).importApiKeys.rows
  return `${row?.outcome} ${row?.reason}`
}

it.each([
  ['their own', {}, /^ADDED null$/],
  ['one of a service account', { ownerId: 'svc_nightly' }, /^ADDED null$/],
  ['one of another person, as whom they could act', { ownerId: 'usr_root' }, /^REFUSED it is of another person/],
  ['one that holds more than they do', { scopes: ['keys:read', 'orders:read'] }, /^REFUSED .*do not hold, orders:read/],
  [
    'one of a service account that holds more than they do',
    { ownerId: 'svc_nightly', scopes: ['orders:read'] },
    /^REFUSED .*do not hold, orders:read/,
  ],
])('a person who administers keys brings in %s: %#', async (_, more, expected) => {
  expect(await broughtBy(more)).toMatch(expected)
})

it('the operator brings in those of everybody', async () => {
  const bytes = [Buffer.from(aRow({ ownerId: 'usr_root', scopes: ['orders:read'] }))]
  const by = { actorKind: 'operator', actorId: 'operator', requestId: 'op' } as const
  const bringer: Bringer = 'operator'
  const done = await app.transfer.imports.importFrom(bytes, { mode: 'DRY_RUN', by, bringer, report: () => {} })
  expect(done.counts).toMatchObject({ ADDED: 1, REFUSED: 0 })
})
