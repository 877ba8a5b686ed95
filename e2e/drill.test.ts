/** The drill: all is lost but a backup, the ledger of erasures and the keyring. Then the house stands again. */
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aKey, apiKey, ask, bearer, codesOf, nobody, registered, signedIn } from './support/client.ts'
import { command } from './support/operator.ts'
import { type OwnRedis, startOwnRedis } from './support/own-redis.ts'
import { inEveryTopology, startTopology, type Topology, type TopologyName } from './support/topology.ts'
import { keepMakingKeys } from './support/writing.ts'

const me = '{ me { id } }'
const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }'
const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }'
const refresh = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }'

/** How many people there are besides those of the story. */
const people = Number(process.env.LATCHKEY_DRILL_PEOPLE ?? 200)
const settings = { LATCHKEY_LIMIT_KEY_BURST: '1000', LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000' }

/** What is kept elsewhere, and outlives the house. */
const keptIn = (folder: string) => ({
  file: join(folder, 'drill.backup'),
  ledger: join(folder, 'ledger.ndjson'),
  keyring: join(folder, 'keyring.json'),
})
type Kept = ReturnType<typeof keptIn>

const importing = (at: number) =>
  JSON.stringify({ externalId: `p${at}`, email: `p${at}@example.com`, emailVerified: true, displayName: `P ${at}` })

async function fill({ databaseUrl, redis, keyringFile }: Topology, folder: string): Promise<void> {
  const rows = join(folder, 'people.ndjson')
  writeFileSync(rows, Array.from({ length: people }, (_, at) => importing(at)).join('\n'))
  const stores = { databaseUrl, redisUrl: redis.url, keyringFile }
  expect(await command(stores, ['users', 'import', rows])).toContain(`${people} created`)
}

/** A house in which much is going on while it is backed up. */
async function lived(house: Topology, { file, ledger }: Kept) {
  const [one, other] = house.gateways
  const [ada, bob, root, gone] = [
    await signedIn(one),
    await signedIn(other),
    await registered(one),
    await signedIn(one),
  ]
  await house.grantRole(root.email, 'admin')
  const revoked = await aKey(one, ada, ['profile:read'])
  await ask(one, bearer(ada.accessToken), revoke, { id: revoked.apiKey.id })
  const kept = await aKey(one, ada, ['profile:read'])
  const { databaseUrl, redis, keyringFile } = house
  const writing = keepMakingKeys(other, bob)
  await writing.reached(5)
  const beganMs = performance.now()
  await command({ databaseUrl, redisUrl: redis.url, keyringFile }, ['backup', file])
  const backedUpMs = performance.now()
  const late = await aKey(one, ada, ['profile:read'])
  await house.operate('erase-user', gone.email)
  await house.operate('erasures', 'export', ledger)
  await writing.stop()
  return { ada, root, gone, revoked, kept, late, journal: writing.journal, beganMs, backedUpMs }
}
type Lived = Awaited<ReturnType<typeof lived>>

/** Into empty stores, with nothing but what was kept. */
async function built(name: TopologyName, { file, ledger, keyring }: Kept, redisUrl: string) {
  let card = ''
  const house = await startTopology(name, {
    ...{ redisUrl, settings, prepareKeyring: (made) => copyFileSync(keyring, made) },
    async between(databaseUrl) {
      card = await command({ databaseUrl, redisUrl, keyringFile: keyring }, ['restore', file, '--ledger', ledger])
      return { url: databaseUrl, close: () => {} }
    },
  })
  return { house, card }
}

inEveryTopology((name) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-drill-'))
  const kept = keptIn(folder)
  const redises: OwnRedis[] = []
  let house: Topology | undefined
  let before: Lived
  let card: string
  let rtoMs: number
  const gateway = () => house?.gateways[0] ?? ''
  const served = async (secret: string) => {
    const answer = await ask(gateway(), apiKey(secret), me)
    return codesOf(answer)[0] ?? (answer.status === 200 ? 'served' : answer.status)
  }

  beforeAll(async () => {
    const lost = await startOwnRedis()
    const prepareKeyring = (made: string) => copyFileSync(made, kept.keyring)
    const first = await startTopology(name, { redisUrl: lost.url, settings, prepareKeyring })
    try {
      await fill(first, folder)
      before = await lived(first, kept)
    } finally {
      await first.stop()
      await lost.stop()
    }
    const lostAtMs = performance.now()
    const fresh = await startOwnRedis()
    redises.push(fresh)
    const next = await built(name, kept, fresh.url)
    house = next.house
    card = next.card
    await signedIn(gateway(), before.ada)
    expect(await served(before.kept.secret)).toBe('served')
    rtoMs = performance.now() - lostAtMs
  }, 600_000)
  afterAll(async () => {
    await house?.stop()
    for (const redis of redises) await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('loses nothing that was acknowledged before the backup, and says what it cost', async () => {
    const { journal, beganMs, backedUpMs } = before
    const outcomes = await Promise.all(journal.map(({ secret }) => served(secret)))
    const acknowledged = journal.filter(({ acknowledgedMs }) => acknowledgedMs < beganMs)
    const back = outcomes.filter((outcome) => outcome === 'served').length
    expect(acknowledged.length).toBeGreaterThanOrEqual(5)
    // In the order of their writing: no hole, and nothing that was asked for after the backup.
    expect(outcomes.slice(0, back).every((outcome) => outcome === 'served')).toBe(true)
    expect(back).toBeGreaterThanOrEqual(acknowledged.length)
    expect(journal.slice(0, back).every(({ askedMs }) => askedMs < backedUpMs)).toBe(true)
    expect(await served(before.late.secret)).toBe('CREDENTIAL_REJECTED')
    const newestLost = journal.at(-1)?.acknowledgedMs ?? 0
    console.info(
      [
        `${name}, ${people} people, ${statSync(kept.file).size} bytes: backed up under load in ${Math.round(backedUpMs - beganMs)} ms`,
        `RPO: ${acknowledged.length} writes acknowledged before the backup began, none is lost; of ${journal.length - acknowledged.length} after that ${journal.length - back} are, the newest ${Math.round(newestLost - beganMs)} ms after it began`,
        `RTO: ${Math.round(rtoMs)} ms from both stores destroyed to somebody signed in and a key verified`,
      ].join('\n'),
    )
  })

  it('was proven by a canary before it was served, and erased again whom the ledger names', async () => {
    expect(card).toContain('canary       signed in, used a key')
    expect(card).toContain('1 account had come back and is erased again')
    const { email, password } = before.gone
    const left = await ask(gateway(), nobody, signIn, { input: { email, password } })
    expect(left.data?.signIn.__typename).toBe('SignInRefused')
  })

  it('revives no key that was revoked, no session and no refresh token', async () => {
    const { revoked, ada } = before
    expect(await served(revoked.secret)).toBe('CREDENTIAL_REJECTED')
    expect(codesOf(await ask(gateway(), bearer(ada.accessToken), me))).toEqual(['CREDENTIAL_REJECTED'])
    const refreshed = await ask(gateway(), nobody, refresh, { token: ada.refreshToken })
    expect(refreshed.data?.refreshSession?.__typename).not.toBe('SignedIn')
  })

  it('knows everybody as they were: a new key is made, an administrator is one', async () => {
    const [ada, root] = [await signedIn(gateway(), before.ada), await signedIn(gateway(), before.root)]
    expect(ada.userId).toBe(before.ada.userId)
    expect(await served((await aKey(gateway(), ada, ['profile:read'])).secret)).toBe('served')
    const users = await ask(gateway(), bearer(root.accessToken), '{ users(first: 1) { edges { node { id } } } }')
    expect(codesOf(users)).toEqual([])
  })
})
