import { systemEntropy } from '@latchkey/clock'
import { createKeyring, newKeyringMaterial } from '@latchkey/secrets'
import { silentLogger } from '@latchkey/telemetry'
import { describe, expect, it } from 'vitest'
import { rotated } from '../application.fixture.ts'
import { createPasswordHasher } from './hasher.ts'
import type { HashingQueue } from './hashing-queue.ts'

function hasherUnderTest(material = newKeyringMaterial(systemEntropy)) {
  let hashes = 0
  const queue: HashingQueue = {
    run: (task) => {
      hashes += 1
      return task()
    },
  }
  const keyring = createKeyring(material, systemEntropy)
  const hasher = createPasswordHasher({ keyring, entropy: systemEntropy, queue, logger: silentLogger })
  return { hasher, material, hashes: () => hashes }
}

describe('the password hash', () => {
  it('is argon2id with 19 MiB, two passes and one lane, salted anew each time', async () => {
    const { hasher } = hasherUnderTest()
    const one = await hasher.hash('correct horse')
    const other = await hasher.hash('correct horse')
    expect(one.phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(other.phc).not.toBe(one.phc)
  })

  it('matches the password it was made of, however it is typed, and no other', async () => {
    const { hasher } = hasherUnderTest()
    const kept = await hasher.hash('jos\u00e9 battery staple')
    expect(await hasher.matches('jose\u0301 battery staple', kept)).toBe(true)
    expect(await hasher.matches('jos\u00e9 battery staplE', kept)).toBe(false)
    expect(await hasher.matches('jos\u00e9 battery staple ', kept)).toBe(false)
  })

  it('is worthless without the pepper', async () => {
    const { hasher } = hasherUnderTest()
    const kept = await hasher.hash('correct horse')
    const thief = hasherUnderTest().hasher
    expect(await thief.matches('correct horse', kept)).toBe(false)
  })

  it('outlives a rotation of the pepper', async () => {
    const { hasher, material } = hasherUnderTest()
    const kept = await hasher.hash('correct horse')
    const after = hasherUnderTest(rotated(material, 'password')).hasher
    expect(await after.matches('correct horse', kept)).toBe(true)
    expect((await after.hash('correct horse')).pepperId).not.toBe(kept.pepperId)
  })

  it.each([
    ['the right password', 'correct horse', 'kept'],
    ['a wrong password', 'wrong', 'kept'],
    ['no account', 'correct horse', 'none'],
    ['a password of a megabyte', 'x'.repeat(1_000_000), 'kept'],
    ['a pepper that is gone', 'correct horse', 'unknown pepper'],
  ])('costs one hash to check with %s', async (_what, typed, against) => {
    const { hasher, hashes } = hasherUnderTest()
    const kept = await hasher.hash('correct horse')
    const before = hashes()
    const candidates = { kept, none: null, 'unknown pepper': { ...kept, pepperId: 'gone' } }
    const matches = await hasher.matches(typed, candidates[against as keyof typeof candidates])
    expect(hashes() - before).toBe(1)
    expect(matches).toBe(typed === 'correct horse' && against === 'kept')
  })
})

describe('a foreign hash', () => {
  const foreign = (phc: string) => ({ phc, pepperId: null })

  it('is never current, and one of ours is until the pepper or the parameters change', async () => {
    const { hasher, material } = hasherUnderTest()
    const kept = await hasher.hash('correct horse')
    expect(hasher.isCurrent(kept)).toBe(true)
    expect(hasher.isCurrent(foreign(kept.phc))).toBe(false)
    expect(hasher.isCurrent({ ...kept, phc: kept.phc.replace('t=2', 't=1') })).toBe(false)
    expect(hasherUnderTest(rotated(material, 'password')).hasher.isCurrent(kept)).toBe(false)
  })

  it.each([
    ['in a form that nothing can check', '{SSHA}c2FsdA=='],
    ['that costs more than is accepted', '$2b$31$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.'],
    ['that its library refuses', '$2b$04$zzzzzzzzzzzzzzzzzzzzzzTV4S6ytwfsfvkgY8jIucDrjc8deX1s.'],
  ])('%s matches nothing, in one turn', async (_what, phc) => {
    const { hasher, hashes } = hasherUnderTest()
    expect(await hasher.matches('', foreign(phc))).toBe(false)
    expect(hashes()).toBe(1)
  })
})
