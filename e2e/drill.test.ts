/** The drill: all is lost but a backup, the ledger of erasures and the keyring. Then the house stands again. */
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testRedis } from '@latchkey/prisma/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { aKey, apiKey, ask, bearer, codesOf, nobody, registered, type SignedIn, signedIn } from './support/client.ts'
import { command } from './support/operator.ts'
import { type OwnRedis, startOwnRedis } from './support/own-redis.ts'
import { startTopology, type Topology } from './support/topology.ts'

const me = '{ me { id } }'
const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }'
const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }'
const refresh = 'mutation ($token: String!) { refreshSession(input: { refreshToken: $token }) { __typename } }'

/** How many people there are besides those of the story. */
const people = Number(process.env.LATCHKEY_DRILL_PEOPLE ?? 1_000)

/** A write that was acknowledged, and when. */
interface Entry {
  readonly secret: string
  readonly acknowledgedMs: number
}

interface Writing {
  readonly journal: readonly Entry[]
  stop(): Promise<void>
}

/** One after the other, for as long as it is let: what was acknowledged is in the journal. */
function keepMakingKeys(gateway: string, who: SignedIn): Writing {
  const journal: Entry[] = []
  let isOver = false
  const write = async () => {
    while (!isOver && journal.length < 90) {
      const { secret } = await aKey(gateway, who, ['profile:read'])
      journal.push({ secret, acknowledgedMs: Date.now() })
    }
  }
  const written = write()
  return {
    journal,
    stop: () => {
      isOver = true
      return written
    },
  }
}

describe.skipIf(!testRedis())('the drill', { timeout: 180_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-drill-'))
  const [file, ledger, keyringFile] = ['drill.backup', 'ledger.ndjson', 'keyring.json'].map((name) =>
    join(folder, name),
  )
  const settings = { LATCHKEY_LIMIT_KEY_BURST: '1000', LATCHKEY_LIMIT_SIGN_IN_NETWORK: '10000' }
  let lost: OwnRedis
  let fresh: OwnRedis
  let house: Topology | null = null
  const served = async (secret: string) => {
    const answer = await ask(house?.gateways[0] ?? '', apiKey(secret), me)
    return codesOf(answer)[0] ?? (answer.status === 200 ? 'served' : answer.status)
  }

  beforeAll(async () => {
    lost = await startOwnRedis()
    fresh = await startOwnRedis()
    const prepareKeyring = (made: string) => copyFileSync(made, keyringFile ?? '')
    house = await startTopology('distributed', { redisUrl: lost.url, settings, prepareKeyring })
    const rows = Array.from({ length: people }, (_, at) =>
      JSON.stringify({
        externalId: `p${at}`,
        email: `p${at}@example.com`,
        emailVerified: true,
        displayName: `P ${at}`,
      }),
    )
    const file = join(folder, 'people.ndjson')
    writeFileSync(file, rows.join('\n'))
    expect(await house.operate('users', 'import', file)).toContain(`${people} created`)
  })
  afterAll(async () => {
    await house?.stop()
    await fresh?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('loses nothing that was acknowledged before the backup, revives nothing, and says what it cost', async () => {
    if (!house || !file || !ledger || !keyringFile) throw new Error('no house')
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
    const writing = keepMakingKeys(other, bob)
    const tokensOf = { access: ada.accessToken, refresh: ada.refreshToken }

    const beganMs = Date.now()
    await house.operate('backup', file)
    const backupMs = Date.now() - beganMs
    await expect
      .poll(() => writing.journal.some(({ acknowledgedMs }) => acknowledgedMs > beganMs + backupMs))
      .toBe(true)
    await house.operate('erase-user', gone.email)
    await house.operate('erasures', 'export', ledger)
    await writing.stop()
    await house.stop()
    house = null
    await lost.stop()

    const lostAtMs = Date.now()
    let card = ''
    house = await startTopology('distributed', {
      redisUrl: fresh.url,
      settings,
      prepareKeyring: (made) => copyFileSync(keyringFile, made),
      async between(databaseUrl) {
        const stores = { databaseUrl, redisUrl: fresh.url, keyringFile }
        card = await command(stores, ['restore', file, '--ledger', ledger])
        return { url: databaseUrl, close: () => {} }
      },
    })
    const restoredMs = Date.now() - lostAtMs
    const [gateway] = house.gateways
    const again = await signedIn(gateway, ada)
    const servingMs = Date.now() - lostAtMs
    expect(again.userId).toBe(ada.userId)
    expect(card).toContain('canary       signed in, used a key')
    expect(card).toContain('1 account had come back and is erased again')

    const found: { entry: Entry; outcome: unknown }[] = []
    for (const entry of writing.journal) found.push({ entry, outcome: await served(entry.secret) })
    const before = found.filter(({ entry }) => entry.acknowledgedMs < beganMs)
    const back = found.filter(({ outcome }) => outcome === 'served')
    expect(before.length).toBeGreaterThan(0)
    expect(before.every(({ outcome }) => outcome === 'served')).toBe(true)
    expect(back.length).toBeLessThan(found.length)
    // In the order of their writing: no hole.
    expect(found.slice(0, back.length).every(({ outcome }) => outcome === 'served')).toBe(true)

    expect(await served(kept.secret)).toBe('served')
    expect(await served(revoked.secret)).toBe('CREDENTIAL_REJECTED')
    expect(codesOf(await ask(gateway, bearer(tokensOf.access), me))).toEqual(['CREDENTIAL_REJECTED'])
    const refreshed = await ask(gateway, nobody, refresh, { token: tokensOf.refresh })
    expect(refreshed.data?.refreshSession?.__typename).not.toBe('SignedIn')
    const left = await ask(gateway, nobody, signIn, { input: { email: gone.email, password: gone.password } })
    expect(left.data?.signIn.__typename).toBe('SignInRefused')
    const admin = await signedIn(gateway, root)
    const users = await ask(gateway, bearer(admin.accessToken), '{ users(first: 1) { edges { node { id } } } }')
    expect(codesOf(users)).toEqual([])
    const { secret } = await aKey(gateway, again, ['profile:read'])
    expect(await served(secret)).toBe('served')

    const newest = back.at(-1)?.entry.acknowledgedMs ?? 0
    console.log(
      [
        `drill: ${people} people, ${statSync(file).size} bytes, backup under load in ${backupMs} ms`,
        `RPO: 0 of ${before.length} writes acknowledged before the backup lost; the newest one back was acknowledged ${newest - beganMs} ms after it began; ${found.length - back.length} later ones lost`,
        `RTO: restored, proven and all processes ready after ${restoredMs} ms, the first sign-in answered after ${servingMs} ms`,
      ].join('\n'),
    )
  })
})
