import { hourMs } from '@latchkey/clock'
import { clockAt, seededEntropy } from '@latchkey/clock/testing'
import { formatApiKeyText } from '@latchkey/principal/api-key-text'
import { budgetTerms, usualRates } from '@latchkey/principal/budget-terms'
import type { ApiKeyRecord, GrantsRecord } from '@latchkey/principal/credential-records'
import { memoryCredentialRecords } from '@latchkey/principal/credential-records.memory'
import { memoryKeyBudgets } from '@latchkey/principal/key-budgets.memory'
import { createKeyCheck } from '@latchkey/principal/key-check'
import { createKeyProof } from '@latchkey/principal/key-proof'
import { type KeyRefusal, keyRefusals } from '@latchkey/principal/key-refusal'
import { createKeyThrottle } from '@latchkey/principal/key-throttle'
import { wrongKeysIn } from '@latchkey/principal/wrong-keys'
import { memoryWrongKeys } from '@latchkey/principal/wrong-keys.memory'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { describe, expect, it } from 'vitest'
import { createKeyVerifier } from './verifier.ts'
import type { VerifyInput } from './verify-input.ts'

const start = '2030-01-01T00:00:00Z'
const nowMs = Date.parse(start)
const keyring = createKeyring(newKeyringMaterial(seededEntropy()), seededEntropy())
const textOf = (secret: string) => formatApiKeyText({ environment: 'live', keyId: 'Key000000001', secret })
const right = textOf('s'.repeat(43))
const mistyped = (text: string) => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`
const { keyId: pepperId, mac } = keyring.mac('api-key', right)
const client = '192.0.2.1'

/** A key, and how it is shown. */
interface Case {
  readonly key: ApiKeyRecord
  readonly grants: GrantsRecord
  readonly input: VerifyInput
  /** Wrong keys that the client's network showed before. */
  readonly wrongBefore: number
}

const fine: Case = {
  key: {
    ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: mac.toString('base64url'), pepperId },
    ...{ scopes: ['orders:read', 'orders:write'], confinement: {}, environment: 'live' },
    ...{ expiresAtMs: nowMs + hourMs, disabledAtMs: null, revokedAtMs: null, successorId: null },
  },
  grants: { userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: ['orders:read'] },
  input: { secret: right, address: client, origin: 'https://app.example.com' },
  wrongBefore: 0,
}

async function verifierFor({ key, grants, wrongBefore }: Case) {
  const clock = clockAt(start)
  const records = memoryCredentialRecords({ clock })
  await Promise.all([records.putApiKey(key), records.putGrants(grants)])
  const nobody = async () => null
  const loaded = { loadApiKey: nobody, loadGrants: nobody, foreignKeyIdOf: nobody }
  const peppers = keyring
  const throttle = createKeyThrottle({ store: memoryWrongKeys({ clock }), budget: wrongKeysIn(3), peppers, clock })
  for (let turn = 0; turn < wrongBefore; turn++) await throttle.charge(throttle.placeOf(client))
  const provesKey = createKeyProof(keyring)
  const check = createKeyCheck({ records, ...loaded, throttle, provesKey, environment: 'live', clock })
  const budgets = memoryKeyBudgets({ clock, terms: budgetTerms(usualRates), loadUsesSpent: async () => null })
  return createKeyVerifier({ check, budgets, noteSighting: () => {}, clock })
}

async function verified(shown: Case) {
  const verifier = await verifierFor(shown)
  return verifier.verify(shown.input)
}

type Fault = (shown: Case) => Case
const ofKey =
  (change: Partial<ApiKeyRecord>): Fault =>
  (shown) => ({ ...shown, key: { ...shown.key, ...change } })
const ofInput =
  (change: Partial<VerifyInput>): Fault =>
  (shown) => ({ ...shown, input: { ...shown.input, ...change } })
const confinedTo =
  (confinement: NonNullable<ApiKeyRecord['confinement']>): Fault =>
  (shown) =>
    ofKey({ confinement: { ...shown.key.confinement, ...confinement } })(shown)

/** Every code, in the order in which they are told, and what brings it about. */
const faults: Readonly<Record<KeyRefusal, Fault>> = {
  CHECKSUM: (shown) => ofInput({ secret: mistyped(shown.input.secret) })(shown),
  THROTTLED: (shown) => ({ ...shown, wrongBefore: 3 }),
  NOT_FOUND: ofInput({ secret: textOf('t'.repeat(43)) }),
  DISABLED: ofKey({ disabledAtMs: nowMs }),
  OWNER_SUSPENDED: (shown) => ({ ...shown, grants: { ...shown.grants, active: false } }),
  REVOKED: ofKey({ revokedAtMs: nowMs }),
  ROTATED: ofKey({ expiresAtMs: nowMs, successorId: 'Key000000002' }),
  EXPIRED: ofKey({ expiresAtMs: nowMs }),
  IP_DENIED: confinedTo({ networks: ['203.0.113.0/24'] }),
  ORIGIN_DENIED: confinedTo({ origins: ['https://other.example'] }),
  ACL_DENIED: confinedTo({ access: { allow: ['Query.orders'], deny: [], accepted: ['Query.orders'], denied: [] } }),
  SCOPE_DENIED: ofInput({ scopes: ['orders:write'] }),
  RATE_LIMITED: confinedTo({ rateLimits: [{ name: 'slow', limit: 1, windowSeconds: 60, burst: 0 }] }),
  USAGE_EXCEEDED: confinedTo({ uses: { limit: 0, refill: 'NEVER', issue: 1 } }),
}
const inOrder = Object.keys(faults) as KeyRefusal[] // the keys of a record of all of them
const pairs = inOrder.flatMap((earlier, at) => inOrder.slice(at + 1).map((later) => [earlier, later] as const))

describe('of two reasons to refuse', () => {
  it.each(pairs)('%s is told, and not %s', async (earlier, later) => {
    // What spoils the text comes last: it has to spoil whatever text there is.
    expect(await verified(faults[earlier](faults[later](fine)))).toMatchObject({ outcome: 'refused', refusal: earlier })
  })

  it('each alone is told', async () => {
    for (const code of inOrder) expect(await verified(faults[code](fine))).toMatchObject({ refusal: code })
    expect(inOrder).toEqual(Object.keys(keyRefusals))
  })
})

it('accepts a key at which nothing is wrong, with what it holds and its owner is permitted', async () => {
  const found = await verified(fine)
  expect(found).toMatchObject({ outcome: 'valid', scopes: ['orders:read'], usesLeft: null })
  expect(found.outcome === 'valid' && found.limits.map(({ name }) => name)).toEqual(['default', 'owner'])
})

it('says nothing of the key before its secret has matched, and who it is after that', async () => {
  for (const code of inOrder) {
    const found = await verified(faults[code](fine))
    const isMatched = inOrder.indexOf(code) > inOrder.indexOf('NOT_FOUND')
    expect(found.outcome === 'refused' && (found.key?.keyId ?? null)).toBe(isMatched ? 'Key000000001' : null)
  }
})

it('spends nothing for what it refuses', async () => {
  const [shown] = [confinedTo({ uses: { limit: 1, refill: 'NEVER', issue: 1 } })(fine)]
  const verifier = await verifierFor(shown)
  for (const wrong of [{ scopes: ['orders:write'] }, { cost: 2 }])
    expect(await verifier.verify({ ...shown.input, ...wrong })).toMatchObject({ outcome: 'refused' })
  expect(await verifier.verify({ ...shown.input, cost: 0 })).toMatchObject({ outcome: 'valid', usesLeft: 1 })
  expect(await verifier.verify(shown.input)).toMatchObject({ outcome: 'valid', usesLeft: 0 })
  expect(await verifier.verify(shown.input)).toMatchObject({ refusal: 'USAGE_EXCEEDED' })
})

it('of many who ask at once accepts exactly as many as there are uses', async () => {
  const shown = confinedTo({ uses: { limit: 20, refill: 'NEVER', issue: 1 } })(fine)
  const verifier = await verifierFor(shown)
  const found = await Promise.all(Array.from({ length: 90 }, () => verifier.verify(shown.input)))
  expect(found.filter(({ outcome }) => outcome === 'valid')).toHaveLength(20)
})

describe('a key that is confined to coordinates', () => {
  const access = { allow: ['Query.orders'], deny: [], accepted: ['Query.orders', 'Order.id'], denied: [] }
  const judged = async (confinement: NonNullable<ApiKeyRecord['confinement']>, coordinates?: readonly string[]) => {
    const found = await verified(ofInput(coordinates ? { coordinates } : {})(confinedTo(confinement)(fine)))
    return found.outcome === 'refused' ? found.refusal : 'VALID'
  }

  it('is accepted for those, and refused for others and where none is named', async () => {
    expect(await judged({ access }, ['Query.orders', 'Order.id'])).toBe('VALID')
    expect(await judged({ access }, ['Query.orders', 'Order.total'])).toBe('ACL_DENIED')
    expect([await judged({ access }), await judged({ access }, [])]).toEqual(['ACL_DENIED', 'ACL_DENIED'])
  })

  it('is refused an argument of a field that it is denied, also where only the argument is named', async () => {
    const denying = { allow: [], deny: ['Query.orders'], denied: ['Query.orders'] }
    expect(await judged({ access: denying }, ['Query.orders(customerId:)'])).toBe('ACL_DENIED')
    const argument = { allow: [], deny: ['Query.orders(customerId:)'], denied: ['Query.orders(customerId:)'] }
    expect(await judged({ access: argument }, ['Query.orders'])).toBe('VALID')
    // As a list of rules may write it, and an operation: no reading of it is let through.
    for (const written of ['Query.orders(customerId: "c1")', 'Query.orders(customerId)', ' Query.orders', 'orders', ''])
      expect(await judged({ access: argument }, [written])).toBe('ACL_DENIED')
  })

  it('is refused where its list asks for the value of an argument, which nobody tells here', async () => {
    const accepted = ['Query.orders', 'Query.orders(customerId:)', 'Order.id']
    const valued = { ...access, accepted, constants: { 'Query.orders(customerId:)': ['"c1"'] } }
    expect(await judged({ access: valued }, ['Query.orders'])).toBe('ACL_DENIED')
    expect(await judged({ access: valued }, ['Order.id'])).toBe('VALID')
  })

  it('is refused when it is bound to documents, which are sent to the gateway alone', async () => {
    expect(await judged({ operations: ['a'.repeat(64)] }, ['Query.orders'])).toBe('ACL_DENIED')
  })

  it('is refused when it is for registered operations alone, and not where they are only logged', async () => {
    const levels = ['LOG_UNKNOWN', 'SAFELIST', 'IDS_ONLY'] as const
    const verdicts = levels.map((level) => judged({ persistedOperations: level }, []))
    expect(await Promise.all(verdicts)).toEqual(['VALID', 'ACL_DENIED', 'ACL_DENIED'])
  })
})

describe('what is no question', () => {
  it.each<[string, Partial<VerifyInput>]>([
    ['input.scopes', { scopes: Array.from({ length: 101 }, () => 'orders:read') }],
    ['input.coordinates', { coordinates: ['x'.repeat(301)] }],
    ['input.address', { address: 'localhost' }],
    ['input.address', { address: '::1]/192.0.2.1?[' }],
    ['input.address', { address: '0192.0.2.1' }],
    ['input.address', { address: `${'0'.repeat(100_000)}::` }],
    ['input.origin', { origin: 'x'.repeat(301) }],
    ['input.cost', { cost: -1 }],
    ['input.cost', { cost: 1_001 }],
  ])('names %s', async (path, input) => {
    const { verify } = await verifierFor(fine)
    await expect(verify({ ...fine.input, ...input })).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      facts: { fields: { [path]: expect.any(String) } },
    })
  })

  it('names all that is wrong with it at once', async () => {
    const { verify } = await verifierFor(fine)
    const refused: unknown = await verify({ ...fine.input, address: 'x', cost: -1 }).catch((thrown: unknown) => thrown)
    expect(refused).toMatchObject({
      facts: { fields: { 'input.address': expect.any(String), 'input.cost': expect.any(String) } },
    })
  })

  it('is never the secret: whatever that is, it is a key or none', async () => {
    const { verify } = await verifierFor(fine)
    for (const secret of ['', 'x'.repeat(500_000), '\u0000', `${right} `])
      expect(await verify({ ...fine.input, secret })).toMatchObject({ refusal: 'CHECKSUM' })
  })
})
