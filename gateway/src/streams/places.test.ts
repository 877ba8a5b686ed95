import { anApiKey, aUser } from '@latchkey/principal/testing'
import { expect, it } from 'vitest'
import { createPlaces } from './places.ts'

const limits = { perCredential: 2, perAccount: 3, inAll: 5 }
const ada = (sessionId: string) => aUser({ userId: 'usr_ada', sessionId })

it('a session and a key have so many streams, and their account no more than its own', () => {
  const places = createPlaces(limits)
  const giveBack = places.take(ada('ses_1'))
  places.take(ada('ses_1'))
  expect(() => places.take(ada('ses_1'))).toThrow('2 with this credential')
  places.take(anApiKey({ ownerId: 'usr_ada', keyId: 'K1' }))
  expect(() => places.take(ada('ses_2'))).toThrow('3 of this account')
  giveBack()
  giveBack()
  expect(places.taken).toBe(2)
  places.take(ada('ses_2'))
  expect(() => places.take(ada('ses_2'))).toThrow('3 of this account')
})

it('everybody together has so many, and who was refused has taken none', () => {
  const places = createPlaces(limits)
  for (let n = 0; n < 10; n++)
    if (n < 5) places.take(aUser({ userId: `usr_${n}`, sessionId: `ses_${n}` }))
    else
      expect(() => places.take(aUser({ userId: `usr_${n}`, sessionId: `ses_${n}` }))).toThrow(
        expect.objectContaining({ code: 'UNAVAILABLE' }),
      )
  expect(places.taken).toBe(5)
})
