import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { clockAt } from '@latchkey/clock/testing'
import { createSealer, envelopeHeader } from '@latchkey/principal/envelope'
import { aService } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { writeMetrics } from '@latchkey/telemetry/metrics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Recogniser } from '../authenticate/authenticate.ts'
import { adaWithScopes, type OpenEstate, openEstate } from '../estate.fixture.ts'
import { createFlood, type Wave } from './flood.fixture.ts'

const clock = clockAt('2030-01-01T00:00:00Z')
const hive = generateKeyPairSync('ed25519')
const seal = createSealer({ issuer: 'hive', privateKey: hive.privateKey, clock })
const ada = { authorization: 'Bearer profile:read' }
const open = '{ open }'
const me = '{ me { id } }'
const signIn = 'mutation { signIn(email: "a") }'
const revoke = 'mutation { revokeSession(id: "ses_1") }'

let estate: OpenEstate
let asHive: Readonly<Record<string, string>> = {}
const flood = createFlood(() => estate.url)

/** `Bearer slow` is a bad credential that is found to be bad when `until` says so. */
const slowly =
  (until: () => Promise<unknown>): Recogniser =>
  async ({ authorization }) => {
    if (authorization !== 'Bearer slow') return null
    await until()
    throw new Problem('CREDENTIAL_REJECTED')
  }

async function openGateway(recogniser: Recogniser, overrides: Parameters<typeof openEstate>[0] = {}) {
  asHive = { [envelopeHeader]: await seal(aService('hive'), 'gateway') }
  const sealer = createSealer({ issuer: 'gateway', privateKey: generateKeyPairSync('ed25519').privateKey, clock })
  const exchanging = { routers: { hive: hive.publicKey }, seal: sealer }
  const recognisers = [recogniser, adaWithScopes]
  estate = await openEstate({ clock, overload: 'shed', exchanging, recognisers, ...overrides })
  for (const query of [open, me, signIn, revoke]) await post('/graphql', { query })
}

const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${estate.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const exchanged = (asked: object, headers: Readonly<Record<string, string>> = {}) =>
  post('/principal', { audiences: ['people'], ...asked }, { ...asHive, ...headers })

/** Bad credentials, as a router hands them on. */
const waveOf = (asked: object): Wave => ({
  path: '/principal',
  headers: { ...asHive, authorization: 'Bearer slow' },
  body: { audiences: ['people'], ...asked },
})

const end = async () => {
  flood.end()
  await estate.gateway.close()
}

describe('a flood of exchanges with bad credentials', () => {
  let release = () => {}
  let wave: Wave
  const untilRefused = (ask: () => Promise<Response>) => flood.untilRefused(wave, ask)
  beforeAll(async () => {
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    await openGateway(slowly(() => released))
    wave = waveOf({ query: open })
    flood.send(wave, 2_000)
  })
  afterAll(() => {
    release()
    return end()
  })

  it('is refused with 503, the code and when to come again, as everywhere, and counted by its rank', async () => {
    const answer = await untilRefused(() => exchanged({ query: open }, ada))
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).not.toBeNull()
    expect(await answer.json()).toEqual({
      errors: [{ message: 'Not available just now.', extensions: { code: 'UNAVAILABLE', retryAfterMs: 1_000 } }],
    })
    expect((await writeMetrics()).text).toMatch(/latchkey_requests_shed_total\{rank="usual"\} [1-9]/)
  })

  it.each([
    ['an exchange that does not say for what', {}, {}],
    ['an exchange for what was never seen', { query: '{ me { id } open }' }, {}],
    ['an exchange for somebody with priority', { query: open }, { priority: 'u=0', ...ada }],
    ['whoever is no router, whose envelope nobody looks at', { query: open }, { [envelopeHeader]: 'bad' }],
  ])('leaves no room for %s', async (_, asked, headers) => {
    expect(await untilRefused(() => exchanged(asked, headers))).toMatchObject({ status: 503 })
  })

  it('pushes out neither those who ask for themselves, sign in or revoke, nor the exchanges for them', async () => {
    for (const query of [me, signIn, revoke])
      for (const ask of [() => post('/graphql', { query }, ada), () => exchanged({ query }, ada)])
        expect([query, (await ask()).status]).toEqual([query, 200])
  })

  it('is over when those are judged who came first, though none of them waited for it', async () => {
    flood.end()
    release()
    await expect.poll(async () => (await exchanged({ query: open }, ada)).status, { timeout: 45_000 }).toBe(200)
  })
})

describe('where a router says whom it asks for', () => {
  const from = (address: string) => ({ 'x-forwarded-for': address })
  beforeAll(() =>
    openGateway(
      slowly(() => pause(400)),
      { trustedProxies: { kind: 'networks', cidrs: ['127.0.0.1/32'] } },
    ),
  )
  afterAll(end)

  it('a flood from one network that asks for itself leaves others their part', { retry: 5 }, async () => {
    const { headers, ...wave } = waveOf({ query: me })
    const flooding = { ...wave, headers: { ...headers, ...from('198.51.100.7') } }
    const asked = (address: string) => exchanged({ query: me }, { ...ada, ...from(address) })
    let served = 0
    for (let times = 0; times < 20; times += 1) {
      await flood.untilRefused(flooding, () => asked('198.51.100.7'))
      if ((await asked('203.0.113.9')).status === 200) served += 1
    }
    // Where the room has just shrunk, it is held for a while by those who had it before.
    expect(served).toBeGreaterThan(10)
  })
})
