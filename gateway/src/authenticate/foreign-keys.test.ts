import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { createForeignKeyIds } from './foreign-keys.ts'
import { createKeyErrands, type HashedKey } from './key-errands.ts'

const text = `acme_${'x'.repeat(40)}`

function finder(answer: (asked: string) => Promise<HashedKey | null>) {
  const asked: string[] = []
  const keyIdOf = createForeignKeyIds({
    recogniseForeignKey: async (one) => {
      asked.push(one)
      return answer(one)
    },
  })
  return { asked, keyIdOf }
}

describe('the id of a key that another system made', () => {
  it('is asked for once, however many come with the text at once and after', async () => {
    const { asked, keyIdOf } = finder(async () => ({ keyId: 'Key000000001', pepperId: 'p' }))
    const first = await Promise.all(Array.from({ length: 200 }, () => keyIdOf(text)))
    expect(new Set(first)).toEqual(new Set(['Key000000001']))
    expect(await keyIdOf(text)).toBe('Key000000001')
    expect(asked).toEqual([text])
  })

  it('is asked for again when there was none: it may have been imported since', async () => {
    const answers = [null, { keyId: 'Key000000001', pepperId: 'p' }]
    const { keyIdOf } = finder(async () => answers.shift() ?? null)
    expect(await keyIdOf(text)).toBeNull()
    expect(await keyIdOf(text)).toBe('Key000000001')
  })

  it('is asked for again when nobody could say', async () => {
    const { asked, keyIdOf } = finder(async () => Promise.reject(new Problem('UNAVAILABLE')))
    await expect(keyIdOf(text)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(keyIdOf(text)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(asked).toHaveLength(2)
  })

  it.each([
    ['one of ours with a typo', `lk_live_${'x'.repeat(60)}`],
    ['a short one', 'x'.repeat(23)],
    ['a long one', 'x'.repeat(257)],
    ['one with a space', `${'x'.repeat(30)} ${'x'.repeat(30)}`],
    ['none', ''],
  ])('is nobody’s concern for %s', async (_, presented) => {
    const { asked, keyIdOf } = finder(async () => ({ keyId: 'Key000000001', pepperId: 'p' }))
    expect(await keyIdOf(presented)).toBeNull()
    expect(asked).toEqual([])
  })
})

describe('an errand to ApiKeys', () => {
  const answering = (extensions: Record<string, unknown>) =>
    createKeyErrands({ 'api-keys': async () => ({ data: null, errors: [{ message: 'no', extensions }] }) })

  it('passes on that too many are tried, and when to come again', async () => {
    const { recogniseForeignKey } = answering({ code: 'RATE_LIMITED', retryAfterMs: 700 })
    await expect(recogniseForeignKey(text)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      facts: { retryAfterMs: 700 },
    })
  })

  it.each([{ code: 'INTERNAL' }, { code: 'FORBIDDEN' }, {}])(
    'is unavailable when it was answered by %j',
    async (extensions) => {
      await expect(answering(extensions).rehashApiKey('k', text)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    },
  )

  it('is unavailable when nothing leads there', async () => {
    await expect(createKeyErrands({}).recogniseForeignKey(text)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
