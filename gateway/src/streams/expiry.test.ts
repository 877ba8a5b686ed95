import type { News } from '@latchkey/principal/account-news'
import { memoryAccountNews } from '@latchkey/principal/account-news.memory'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { expect, it } from 'vitest'
import { createExpiryTeller } from './expiry.ts'
import type { Permission } from './stream.ts'

const permission = (principal: Permission['principal'], liveUntilMs: number | undefined): Permission => ({
  ...{ principal, liveUntilMs, wants: () => true, answer: async () => null },
})

async function heardBy(accountId: string) {
  const news = memoryAccountNews()
  const heard: News[] = []
  await news.listen(accountId, { heard: (told) => heard.push(told), lost: () => {} })
  return { tell: createExpiryTeller(news), heard }
}

it('tells the account of a session that ran out once, whoever had it and however many streams rested upon it', async () => {
  const { tell, heard } = await heardBy('usr_ada')
  const act = { sub: 'usr_staff', write: false }
  for (const principal of [
    aUser({ userId: 'usr_ada', sessionId: 'ses_one' }),
    aUser({ userId: 'usr_ada', sessionId: 'ses_one' }),
    aUser({ userId: 'usr_ada', sessionId: 'ses_staff', act }),
    aUser({ userId: 'usr_bob', sessionId: 'ses_bob' }),
  ])
    tell(permission(principal, 7))
  await expect
    .poll(() => heard)
    .toEqual(
      ['ses_one', 'ses_staff'].map((id) => ({
        event: { field: 'sessionEnded', facts: { id, reason: 'EXPIRED', at: 7 } },
      })),
    )
})

it('tells nothing of a key, and throws nothing where nobody can be told', async () => {
  const { tell, heard } = await heardBy('usr_ada')
  tell(permission(anApiKey({ ownerId: 'usr_ada' }), 7))
  createExpiryTeller({ tell: () => Promise.reject(new Error('away')) })(permission(aUser({ userId: 'usr_ada' }), 7))
  await new Promise(setImmediate)
  expect(heard).toEqual([])
})
