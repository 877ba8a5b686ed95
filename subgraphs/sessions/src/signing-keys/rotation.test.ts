import { systemEntropy as entropy, minuteMs } from '@latchkey/clock'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditOf, type Installation, install } from '../application.fixture.ts'
import { createSigningKeyRotation } from './rotation.ts'
import { signingTerms } from './schedule.ts'
import { createSigningKeys } from './service.ts'
import { prismaSigningKeyStore } from './store.prisma.ts'

const { publishedBeforeUseMs, activeForMs, provesForMs } = signingTerms

describe('the rotation of signing keys', () => {
  let house: Installation
  beforeEach(async () => {
    house = await install('memory')
  })
  afterEach(() => house.stop())

  /** One process. */
  async function process() {
    const store = prismaSigningKeyStore(house.database)
    const parts = { store, keyring: house.keyring, clock: house.clock, entropy }
    const keys = createSigningKeys(parts)
    await keys.ensureFirst()
    return { keys, rotation: createSigningKeyRotation(parts) }
  }

  const rotated = async () =>
    (await auditOf(house)).filter(({ action }) => action === 'signing-key.rotate').map((row) => row.outcome)

  it('takes a key through its life: the next is published before it signs, the old one proves what it signed', async () => {
    const { keys, rotation } = await process()
    const { kid: first } = await keys.signer()
    house.clock.advance(activeForMs - publishedBeforeUseMs)
    await rotation.keepUp()
    const [next] = (await keys.jwks()).keys.map(({ kid }) => kid).filter((kid) => kid !== first)
    expect((await keys.signer()).kid).toBe(first)

    house.clock.advance(publishedBeforeUseMs)
    await rotation.keepUp()
    expect((await keys.signer()).kid).toBe(next)
    expect(await keys.verificationKey(first)).not.toBeNull()

    house.clock.advance(provesForMs)
    await rotation.keepUp()
    house.clock.advance(minuteMs)
    expect(await keys.verificationKey(first)).toBeNull()
    expect(await rotated()).toEqual(['published', 'active', 'retired'])
  })

  it('destroys the private half of a key that signs no more', async () => {
    const { rotation } = await process()
    await rotation.replaceAll()
    const sealed = {
      name: 'test_sealed',
      text: `SELECT state, sealed_private_key = '' AS gone FROM sessions.signing_keys`,
    }
    const rows = await house.database.query<{ state: string; gone: boolean }>(sealed, [])
    expect(rows).toEqual(
      expect.arrayContaining([
        { state: 'retired', gone: true },
        { state: 'active', gone: false },
      ]),
    )
  })

  it('takes every step once, however many processes keep up', async () => {
    const processes = await Promise.all(Array.from({ length: 20 }, process))
    const all = () => Promise.all(processes.map(({ rotation }) => rotation.keepUp()))
    house.clock.advance(activeForMs - publishedBeforeUseMs)
    await all()
    house.clock.advance(publishedBeforeUseMs)
    await all()
    house.clock.advance(provesForMs)
    await all()
    expect(await rotated()).toEqual(['published', 'active', 'retired'])
  })

  it('begins when an operator says so, and not twice', async () => {
    const { keys, rotation } = await process()
    const { kid: first } = await keys.signer()
    const begun = await rotation.begin()
    expect(await rotation.begin()).toBeNull()
    house.clock.advance(publishedBeforeUseMs)
    await rotation.keepUp()
    expect([begun?.kid, first]).toContain((await keys.signer()).kid)
    expect((await keys.signer()).kid).not.toBe(first)
  })

  it('in an emergency proves nothing of what was signed before, within the minute', async () => {
    const [here, elsewhere] = [await process(), await process()]
    const { kid: stolen } = await here.keys.signer()
    await here.rotation.begin()
    const { kid } = await here.rotation.replaceAll()
    house.clock.advance(minuteMs)
    for (const { keys } of [here, elsewhere]) {
      expect(await keys.verificationKey(stolen)).toBeNull()
      expect((await keys.signer()).kid).toBe(kid)
      expect((await keys.jwks()).keys.map((key) => key.kid)).toEqual([kid])
    }
  })
})

describe('a token of ours', () => {
  it('is provable for its whole life by every process, and by whoever keeps the published keys for ten minutes', async () => {
    const house = await install('memory')
    const store = prismaSigningKeyStore(house.database)
    const parts = { store, keyring: house.keyring, clock: house.clock, entropy }
    const processes = [createSigningKeys(parts), createSigningKeys(parts)] as const
    await processes[0].ensureFirst()
    const rotation = createSigningKeyRotation(parts)
    const now = () => house.clock.now().getTime()
    let kept = { kids: new Set<string>(), untilMs: 0 }
    const keptKids = async () => {
      if (now() >= kept.untilMs)
        kept = { kids: new Set((await processes[1].jwks()).keys.map(({ kid }) => kid)), untilMs: now() + 10 * minuteMs }
      return kept.kids
    }

    house.clock.advance(activeForMs - publishedBeforeUseMs - 20 * minuteMs)
    const signers = new Set<string>()
    let live: { kid: string; endsAtMs: number }[] = []
    for (let minute = 0; minute < 90; minute++) {
      for (const { signer } of processes) {
        const { kid } = await signer()
        signers.add(kid)
        live.push({ kid, endsAtMs: now() + 10 * minuteMs })
      }
      live = live.filter(({ endsAtMs }) => endsAtMs > now())
      for (const { kid } of live) {
        for (const { verificationKey } of processes) expect(await verificationKey(kid)).not.toBeNull()
        expect(await keptKids()).toContain(kid)
      }
      await rotation.keepUp()
      house.clock.advance(minuteMs)
    }
    expect(signers.size).toBe(2)
    await house.stop()
  })
})
