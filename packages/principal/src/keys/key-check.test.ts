import { createHmac } from 'node:crypto'
import { hourMs, minuteMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { memoryCredentialRecords } from '../records/credential-records.memory.ts'
import type { ApiKeyRecord, GrantsRecord } from '../records/credential-records.ts'
import { type ApiKeyText, formatApiKeyText } from './api-key-text.ts'
import { createKeyCheck } from './key-check.ts'
import { createKeyProof } from './key-proof.ts'
import { createKeyThrottle } from './key-throttle.ts'
import { memoryWrongKeys } from './wrong-keys.memory.ts'
import { type WrongKeyBudget, wrongKeysIn } from './wrong-keys.ts'

const macOf = (message: string) => createHmac('sha256', 'pepper').update(message).digest()
const peppers = {
  keyIds: () => ['pep_1'],
  mac: (_: 'api-key', message: string) => ({ mac: macOf(message) }),
  macWith: (_: 'api-key', id: string, message: string) => (id === 'p' ? macOf(message) : null),
}

const textOf = (parts: Partial<ApiKeyText> = {}) =>
  formatApiKeyText({ environment: 'live', keyId: 'Key000000001', secret: 's'.repeat(43), ...parts })
const right = textOf()
const wrong = (turn: number) => textOf({ secret: String(turn).padStart(43, '0') })
const record = (text: string, overrides: Partial<ApiKeyRecord> = {}): ApiKeyRecord => ({
  ...{ keyId: text.slice(8, 20), version: 1, ownerId: 'usr_ada', secretMac: macOf(text).toString('base64url') },
  ...{ pepperId: 'p', scopes: ['profile:read'], confinement: {}, environment: 'live' },
  ...{ expiresAtMs: null, revokedAtMs: null, ...overrides },
})
const grants: GrantsRecord = { userId: 'usr_ada', epoch: 1, active: true, roles: [], scopes: ['profile:read'] }
const office = { address: '192.0.2.1', origin: undefined }

interface Arrangement {
  readonly budget?: WrongKeyBudget | 'unlimited'
  readonly unavailable?: 'everything'
  /** Whose text of another system it is. */
  readonly foreignKeyIdOf?: (text: string) => Promise<string | null>
}

/** Two processes over one store, as behind two gateways. */
async function arranged({
  budget = wrongKeysIn(100),
  unavailable,
  foreignKeyIdOf = async () => null,
}: Arrangement = {}) {
  const clock = clockAt('2030-01-01T00:00:00Z')
  const records = memoryCredentialRecords({ clock })
  await Promise.all([records.putApiKey(record(right)), records.putGrants(grants)])
  const store = memoryWrongKeys({ clock })
  const loaded: string[] = []
  const process = () =>
    createKeyCheck({
      records,
      loadApiKey: async (id) => {
        loaded.push(id)
        return null
      },
      loadGrants: async () => null,
      foreignKeyIdOf,
      provesKey: createKeyProof(peppers),
      throttle: createKeyThrottle({
        store: unavailable ? { ...store, stoppedForMs: () => Promise.reject(new Problem('UNAVAILABLE')) } : store,
        ...{ budget, peppers, clock },
      }),
      environment: 'live',
      clock,
    })
  const [here, there] = [process(), process()]
  const codeOf = async (text: string, from = office, check = here) => {
    const checked = await check(text, from)
    return checked.outcome === 'refused' ? checked.refusal : 'VALID'
  }
  const showWrong = (count: number, from = office) =>
    Promise.all(Array.from({ length: count }, (_, turn) => codeOf(wrong(turn), from, turn % 2 ? there : here)))
  return { clock, records, loaded, here, there, codeOf, showWrong }
}

const count = (codes: readonly string[], code: string) => codes.filter((each) => each === code).length

describe('wrong keys of one network', () => {
  it('are told as wrong exactly as often as they may be shown, however many come at once over two gateways', async () => {
    const { showWrong, here } = await arranged()
    const codes = await showWrong(300)
    expect([count(codes, 'NOT_FOUND'), count(codes, 'THROTTLED')]).toEqual([100, 200])
    expect(await here(wrong(1), office)).toEqual({
      ...{ outcome: 'refused', refusal: 'THROTTLED', retryAfterMs: 10 * minuteMs },
    })
  })

  it('are looked up no more once it is stopped, and again when the first of them are ten minutes old', async () => {
    const { showWrong, loaded, clock } = await arranged()
    await showWrong(100)
    const before = loaded.length
    expect(count(await showWrong(50), 'THROTTLED')).toBe(50)
    expect(loaded).toHaveLength(before)
    clock.advance(10 * minuteMs - 1)
    expect(count(await showWrong(1), 'THROTTLED')).toBe(1)
    clock.advance(1)
    expect(count(await showWrong(101), 'NOT_FOUND')).toBe(100)
  })

  it('count together from a /64, and not with those of another network', async () => {
    const { showWrong } = await arranged()
    const from = (address: string) => ({ ...office, address })
    expect(count(await showWrong(60, from('2001:db8::1')), 'NOT_FOUND')).toBe(60)
    expect(count(await showWrong(60, from('2001:db8::ffff:2')), 'NOT_FOUND')).toBe(40)
    expect(count(await showWrong(60, from('2001:db8:0:1::1')), 'NOT_FOUND')).toBe(60)
    expect(count(await showWrong(60, from('::ffff:192.0.2.1')), 'NOT_FOUND')).toBe(60)
    expect(count(await showWrong(60), 'NOT_FOUND')).toBe(40)
  })

  it('stop no key that was let in from there within the last hour, through whichever gateway', async () => {
    const { showWrong, codeOf, clock, there } = await arranged()
    expect(await codeOf(right)).toBe('VALID')
    clock.advance(hourMs - 1)
    await showWrong(200)
    expect([await codeOf(right), await codeOf(right, office, there)]).toEqual(['VALID', 'VALID'])
  })

  it('stop a right key that was never let in from there: a list of stolen keys is not tried out', async () => {
    const { showWrong, codeOf, clock } = await arranged()
    await codeOf(right)
    clock.advance(hourMs)
    await showWrong(200)
    expect(await codeOf(right)).toBe('THROTTLED')
    expect(await codeOf(right, { ...office, address: '198.51.100.1' })).toBe('VALID')
  })

  it('cost whoever knows the id of a key that is known there as much as anybody', async () => {
    const { showWrong, codeOf, here } = await arranged()
    await codeOf(right)
    await showWrong(200)
    expect(await here(wrong(7), office)).toMatchObject({ refusal: 'THROTTLED' })
  })

  it('of a key that is known there are looked up no more either, once it is stopped', async () => {
    const { showWrong, codeOf, loaded } = await arranged()
    await codeOf(right)
    await showWrong(100)
    const before = loaded.length
    expect(count(await showWrong(50), 'THROTTLED')).toBe(50)
    expect(loaded).toHaveLength(before)
    expect(await codeOf(right)).toBe('VALID')
  })

  it('are not counted when the limits are lifted, nor where nobody knows the address', async () => {
    const lifted = await arranged({ budget: 'unlimited' })
    expect(count(await lifted.showWrong(300), 'NOT_FOUND')).toBe(300)
    const { here } = await arranged({ budget: wrongKeysIn(1) })
    const nowhere = { address: undefined, origin: undefined }
    for (const turn of [1, 2, 3]) expect(await here(wrong(turn), nowhere)).toMatchObject({ refusal: 'NOT_FOUND' })
  })
})

describe('what costs a network nothing', () => {
  it.each([
    ['a typo', `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`, 'CHECKSUM'],
    ['a key of the other environment', textOf({ environment: 'test' }), 'NOT_FOUND'],
    ['a right key', right, 'VALID'],
  ])('is %s, and neither asks anybody who is not asked for a right one', async (_, text, code) => {
    const { here, showWrong, loaded } = await arranged()
    for (let turn = 0; turn < 300; turn++) await here(text, office)
    expect(loaded).toEqual([])
    const checked = await here(text, office)
    expect(checked.outcome === 'refused' ? checked.refusal : 'VALID').toBe(code)
    expect(count(await showWrong(200), 'NOT_FOUND')).toBe(100)
  })

  it('is a key that is disabled, over or confined: its secret was right', async () => {
    const { here, records, showWrong } = await arranged()
    await records.putApiKey(record(right, { version: 2, disabledAtMs: 1 }))
    for (let turn = 0; turn < 300; turn++) await here(right, office)
    expect(count(await showWrong(200), 'NOT_FOUND')).toBe(100)
  })
})

describe('the order', () => {
  const broken = `${right.slice(0, -1)}${right.endsWith('0') ? '1' : '0'}`

  it('tells a typo before the throttle, and the throttle before whether there is such a key', async () => {
    const { showWrong, codeOf } = await arranged()
    await showWrong(100)
    expect(await codeOf(broken)).toBe('CHECKSUM')
    expect(await codeOf(textOf({ keyId: 'Nobody000001' }))).toBe('THROTTLED')
  })

  it('tells nothing of a key, not even that it is over, to whoever has not its secret', async () => {
    const { here, records } = await arranged()
    const confinement = { networks: ['203.0.113.0/24'] }
    await records.putApiKey(record(right, { version: 2, disabledAtMs: 1, revokedAtMs: 1, confinement }))
    expect(await here(wrong(1), office)).toEqual({ outcome: 'refused', refusal: 'NOT_FOUND' })
    expect(await here(right, office)).toMatchObject({ refusal: 'DISABLED', key: { keyId: 'Key000000001' } })
  })
})

it('lets nobody in, and counts nothing, when nobody can say whether the network is stopped', async () => {
  const { here } = await arranged({ unavailable: 'everything' })
  await expect(here(right, office)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

describe('a key that another system made', () => {
  const acme = `acme_${'x'.repeat(40)}`
  const foreign = { ...record(acme), keyId: 'Key000000002' }

  async function imported(keyIdOf: (text: string) => string | null = (text) => (text === acme ? foreign.keyId : null)) {
    const asked: string[] = []
    const house = await arranged({
      foreignKeyIdOf: async (text) => {
        asked.push(text)
        return keyIdOf(text)
      },
    })
    await house.records.putApiKey(foreign)
    const showUnknown = (times: number, from = office) =>
      Promise.all(
        Array.from({ length: times }, (_, turn) =>
          house.codeOf(`none_${String(turn).padStart(40, '0')}`, from, turn % 2 ? house.there : house.here),
        ),
      )
    return { ...house, asked, showUnknown }
  }

  it('is let in by its own text, and judged like any other', async () => {
    const { here, codeOf, records } = await imported()
    expect(await here(acme, office)).toEqual({ outcome: 'accepted', key: foreign, grants })
    await records.putApiKey({ ...foreign, version: 2, confinement: { networks: ['203.0.113.0/24'] } })
    expect(await codeOf(acme)).toBe('IP_DENIED')
    await records.putApiKey({ ...foreign, version: 3, disabledAtMs: 1 })
    expect(await here(acme, office)).toMatchObject({ refusal: 'DISABLED', key: { keyId: foreign.keyId } })
  })

  it('goes on where it was let in within the last hour, when its network is stopped, and is asked for nowhere else', async () => {
    const { codeOf, showUnknown, asked, clock, there } = await imported()
    expect(await codeOf(acme)).toBe('VALID')
    clock.advance(hourMs - 1)
    await showUnknown(101)
    const before = asked.length
    expect(await codeOf(`${acme.slice(0, -1)}y`)).toBe('THROTTLED')
    expect(asked).toHaveLength(before)
    expect([await codeOf(acme), await codeOf(acme, office, there)]).toEqual(['VALID', 'VALID'])
    clock.advance(2 * hourMs)
    await showUnknown(101)
    expect(await codeOf(acme)).toBe('THROTTLED')
  })

  it('costs its network nothing, however often it is shown', async () => {
    const { codeOf, showUnknown } = await imported()
    for (let turn = 0; turn < 300; turn++) expect(await codeOf(acme)).toBe('VALID')
    expect(count(await showUnknown(101), 'NOT_FOUND')).toBe(100)
  })

  it('that nobody knows is charged to the network, exactly as often as a wrong one of ours', async () => {
    const { showUnknown, showWrong, loaded } = await imported()
    const codes = await showUnknown(60)
    expect([count(codes, 'NOT_FOUND'), loaded]).toEqual([60, []])
    expect(count(await showWrong(60), 'NOT_FOUND')).toBe(40)
    expect(count(await showUnknown(10), 'THROTTLED')).toBe(10)
    expect(count(await showUnknown(10, { ...office, address: '198.51.100.1' }), 'NOT_FOUND')).toBe(10)
  })

  it('is looked up no more for a network that is stopped, right or wrong, and elsewhere as before', async () => {
    const { here, codeOf, showUnknown, asked, clock } = await imported()
    await showUnknown(100)
    const before = asked.length
    expect(count(await showUnknown(50), 'THROTTLED')).toBe(50)
    const stopped = { outcome: 'refused', refusal: 'THROTTLED', retryAfterMs: 10 * minuteMs }
    expect(await here(acme, office)).toEqual(stopped)
    expect(asked).toHaveLength(before)
    expect(await codeOf(acme, { ...office, address: '198.51.100.1' })).toBe('VALID')
    clock.advance(10 * minuteMs)
    expect(await codeOf(acme)).toBe('VALID')
  })

  it('is refused as wrong, and charged, when its text is not the one that the record was made of', async () => {
    const { here, records, showUnknown } = await imported(() => foreign.keyId)
    await records.putApiKey({ ...foreign, version: 2, disabledAtMs: 1 })
    expect(await here(`${acme}y`, office)).toEqual({ outcome: 'refused', refusal: 'NOT_FOUND' })
    expect(count(await showUnknown(200), 'NOT_FOUND')).toBe(99)
  })

  it('of the other environment is unknown here, and counted', async () => {
    const { codeOf, records, showUnknown } = await imported()
    await records.putApiKey({ ...foreign, version: 2, environment: 'test' })
    expect(await codeOf(acme)).toBe('NOT_FOUND')
    expect(count(await showUnknown(200), 'NOT_FOUND')).toBe(99)
  })

  it.each([
    ['too short', 'x'.repeat(23)],
    ['too long', 'x'.repeat(257)],
    ['no printable word', `${'x'.repeat(30)} ${'x'.repeat(30)}`],
  ])('is nothing that is %s: it costs nothing and nobody is asked', async (_, text) => {
    const { codeOf, asked, showUnknown } = await imported()
    for (let turn = 0; turn < 200; turn++) expect(await codeOf(text)).toBe('CHECKSUM')
    expect(asked).toEqual([])
    expect(count(await showUnknown(100), 'NOT_FOUND')).toBe(100)
  })

  it('is stopped, and not charged, while too many are tried, and told when to come again', async () => {
    const { here, showUnknown, asked } = await imported((text) => {
      if (text === acme) throw new Problem('RATE_LIMITED', 'too many', { retryAfterMs: 700 })
      return null
    })
    for (let turn = 0; turn < 200; turn++)
      expect(await here(acme, office)).toEqual({ outcome: 'refused', refusal: 'THROTTLED', retryAfterMs: 700 })
    expect(asked).toHaveLength(200)
    expect(count(await showUnknown(200), 'NOT_FOUND')).toBe(100)
  })

  it('is not let in, and nothing is counted, when nobody can say whose it is', async () => {
    const { here, showUnknown } = await imported((text) => {
      if (text === acme) throw new Problem('UNAVAILABLE')
      return null
    })
    await expect(here(acme, office)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(count(await showUnknown(200), 'NOT_FOUND')).toBe(100)
  })
})
