import { anonymous, type Principal } from '@latchkey/principal'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { expect, it } from 'vitest'
import { createAuthenticate } from './authenticate.ts'

const says = (principal: Principal | null) => async () => principal && { principal }
const refuses = async () => {
  throw new Problem('CREDENTIAL_REJECTED')
}

it('is anonymous when no recogniser finds its credential', async () => {
  expect(await createAuthenticate([says(null), says(null)])({})).toEqual({ principal: anonymous })
})

it('is whoever a credential speaks for', async () => {
  expect(await createAuthenticate([says(null), says(anApiKey())])({})).toEqual({ principal: anApiKey() })
})

it('refuses a bad credential also beside a good one, in either order', async () => {
  for (const recognisers of [
    [says(aUser()), refuses],
    [refuses, says(aUser())],
  ])
    await expect(createAuthenticate(recognisers)({})).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
})

it('refuses credentials of different people, and takes the first of one person', async () => {
  const session = says(aUser({ userId: 'usr_ada' }))
  const [own, foreign] = [says(anApiKey({ ownerId: 'usr_ada' })), says(anApiKey({ ownerId: 'usr_eve' }))]
  expect(await createAuthenticate([session, own])({})).toMatchObject({ principal: { kind: 'user' } })
  await expect(createAuthenticate([session, foreign])({})).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
})
