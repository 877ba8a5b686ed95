/** What people do before the stores are copied. Whoever builds a feature adds its story, with all that must not be readable. */
import { aKey, ask, bearer, nobody, signInOperation, tokenIn } from '../support/client.ts'
import type { Topology } from '../support/topology.ts'
import { administrationStories } from './administration.ts'
import { ownAccountStories } from './own-account.ts'
import {
  beginSignIn,
  completeSignIn,
  type Hidden,
  type Leaver,
  mailAbout,
  perform,
  type Story,
  tokensOf,
} from './person.ts'
import { secondFactorStories } from './second-factors.ts'
import { signsInWithMails, trustsADevice } from './ways-in.ts'

const takesDataAlong: Story = {
  name: 'takes the data along',
  async play(house, { accessToken, email }) {
    const [gateway, other] = house.gateways
    await ask(gateway, bearer(accessToken), 'mutation { requestDataExport { dataExport { id } } }')
    await mailAbout(house, email, /data is ready/)
    const { data } = await ask(other, bearer(accessToken), '{ me { dataExports { id document } } }')
    const [{ document }] = data.me.dataExports
    const { users, sessions } = JSON.parse(document)
    const { account, secondFactors, trustedDevices } = users
    const whole = [
      account.email === email,
      account.username && account.profile.birthdate && account.admin_metadata.file && account.external_id,
      secondFactors.authenticatorApp.confirmedAt && secondFactors.emailCodes && secondFactors.passkeys[0].name,
      users.events.length > 5 && trustedDevices.length === 1,
      sessions.sessions.length > 0,
    ]
    if (!whole.every(Boolean)) throw new Error(`the export does not hold what it should: ${whole.map(Boolean)}`)
    return { hidden: {} }
  },
}

export const stories: readonly Story[] = [
  {
    name: 'mistypes the password, and types another address',
    async play({ gateways: [gateway] }, { email }) {
      const input = { email, password: 'this was the wrong password' }
      const other = { email: `nobody.${process.pid}@elsewhere.example`, password: input.password }
      for (const credentials of [input, other]) await ask(gateway, nobody, signInOperation, { input: credentials })
      return { hidden: { 'mistyped password': input.password, 'unknown address': other.email } }
    },
  },
  {
    name: 'refreshes the session',
    async play({ gateways: [, gateway] }, person) {
      const input = { refreshToken: person.refreshToken }
      const fields = '... on SignedIn { accessToken refreshToken }'
      const next = { ...person, ...(await perform(gateway, nobody, 'refreshSession', input, fields)) }
      return { hidden: tokensOf(next), person: next }
    },
  },
  {
    name: 'makes a key and uses it',
    async play({ gateways: [gateway, other] }, person) {
      const mine = bearer(person.accessToken)
      const { secret, apiKey } = await aKey(gateway, person, ['profile:read'])
      await ask(gateway, { 'x-api-key': secret }, '{ me { id email displayName } }')
      const words = { name: 'the lighthouse lamp', description: 'counts the ships that pass at night' }
      const metadata = JSON.stringify({ keeper: 'old Barnaby of the north pier' })
      await perform(gateway, mine, 'updateApiKey', { id: apiKey.id, ...words, metadata })
      const ended = await aKey(other, person, ['profile:read'])
      const reason = 'the lamp was sold to a stranger'
      await perform(gateway, mine, 'revokeApiKey', { id: ended.apiKey.id, reason })
      return {
        // The part before the secret is public.
        hidden: { 'key secret': secret.slice(-40), 'secret of the revoked key': ended.secret.slice(-40) },
        // The owner's own words about a program.
        untilErased: { ...words, 'metadata of the key': 'old Barnaby of the north pier', 'why it was revoked': reason },
      }
    },
  },
  {
    name: 'is registered by somebody a second time',
    async play(house, { email }) {
      const input = { email, password: 'a stranger tries the handle', displayName: 'Mallory Doorhandle' }
      await perform(house.gateways[1], nobody, 'register', input)
      await mailAbout(house, email, /already have an account/)
      return { hidden: { 'stranger’s password': input.password, 'stranger’s name': input.displayName } }
    },
  },
  ...administrationStories,
  ...ownAccountStories,
  signsInWithMails,
  ...secondFactorStories,
  trustsADevice,
  takesDataAlong,
]

/** Deletes the account, thinks again, and deletes it for good. */
export async function leave(house: Topology, person: Leaver): Promise<Hidden> {
  const [gateway, other] = house.gateways
  const { email } = person
  await perform(gateway, bearer(person.accessToken), 'deleteMe', { email })
  const token = tokenIn(await mailAbout(house, email, /was deleted/))
  const { outcome } = await perform(other, nobody, 'undoDeletion', { token }, 'outcome')
  if (outcome !== 'RESTORED') throw new Error('the deletion was not undone')
  const challengeId = await beginSignIn(gateway, person)
  const [recoveryCode = ''] = person.recoveryCodes
  const again = await completeSignIn(other, person, { challengeId, recoveryCode })
  await perform(other, bearer(again.accessToken), 'deleteMe', { email })
  await mailAbout(house, email, /was deleted/, 2)
  return { 'undo token': token, 'completed sign-in': challengeId, ...tokensOf(again) }
}
