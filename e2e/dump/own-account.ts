/** What people do with their own account: describe themselves, move, forget their password. */
import { ask, bearer, nobody, tokenIn } from '../support/client.ts'
import { expectOutcome, mailAbout, perform, type Story, signInAgain, tokensOf, versionOf } from './person.ts'

export const ownAccountStories: readonly Story[] = [
  {
    name: 'describes themselves',
    async play({ gateways: [gateway, other] }, person) {
      const said = {
        username: 'Perpetua.Featherbow',
        givenName: 'Perpetua Wilhelmine',
        familyName: 'Featherbow-Quillfeather',
        timeZone: 'Antarctica/Troll',
        picture: 'https://pictures.example/featherbow-portrait.png',
        birthdate: '1987-03-09',
      }
      const metadata = {
        publicMetadata: { motto: 'public geese fly south' },
        privateMetadata: { diary: ['private geese fly north'] },
      }
      const input = { version: await versionOf(gateway, person), locale: 'en-GB', ...said, ...metadata }
      await perform(gateway, bearer(person.accessToken), 'updateProfile', input)
      const { data } = await ask(other, bearer(person.accessToken), '{ me { username familyName publicMetadata } }')
      if (data.me.familyName !== said.familyName) throw new Error('the profile is not what was written')
      return {
        hidden: {
          ...said,
          'user name as it is looked up': 'perpetuafeatherbow',
          'public metadata': metadata.publicMetadata.motto,
          'private metadata': metadata.privateMetadata.diary.join(),
        },
      }
    },
  },
  {
    name: 'moves to another address',
    async play(house, person) {
      const [gateway, other] = house.gateways
      const newEmail = `perpetua.${process.pid}@featherbow.example`
      await perform(gateway, bearer(person.accessToken), 'requestEmailChange', { newEmail })
      const token = tokenIn(await mailAbout(house, newEmail, /Confirm your new address/))
      const changed = await perform(other, bearer(person.accessToken), 'confirmEmailChange', { token }, 'outcome')
      expectOutcome(changed, 'CHANGED')
      await mailAbout(house, person.email, /Your address was changed/)
      const moved = { ...person, email: newEmail, addresses: [...person.addresses, newEmail] }
      return { hidden: { 'new address': newEmail, 'change token': token }, person: moved }
    },
  },
  {
    name: 'asks for an address and never confirms it',
    async play(house, { accessToken }) {
      const newEmail = `perpetua.${process.pid}@neverconfirmed.example`
      await perform(house.gateways[1], bearer(accessToken), 'requestEmailChange', { newEmail })
      const token = tokenIn(await mailAbout(house, newEmail, /Confirm your new address/))
      return { hidden: { 'unconfirmed address': newEmail, 'change token': token } }
    },
  },
  {
    name: 'forgets the password, and changes it once more',
    async play(house, person) {
      const [gateway, other] = house.gateways
      const { email } = person
      const [reset, changed] = ['seven herons stand at dusk', 'eleven herons leave at dawn']
      await perform(gateway, nobody, 'requestPasswordReset', { email })
      const token = tokenIn(await mailAbout(house, email, /Set a new password/))
      expectOutcome(await perform(other, nobody, 'resetPassword', { token, newPassword: reset }, 'outcome'), 'RESET')
      const back = await signInAgain(gateway, { ...person, password: reset })
      const input = { currentPassword: reset, newPassword: changed }
      expectOutcome(await perform(other, bearer(back.accessToken), 'changePassword', input, 'outcome'), 'CHANGED')
      await perform(gateway, nobody, 'requestPasswordReset', { email })
      await mailAbout(house, email, /Set a new password/, 2)
      return {
        hidden: {
          'reset token': token,
          'password after the reset': reset,
          'last password': changed,
          ...tokensOf(back),
        },
        person: { ...back, password: changed },
      }
    },
  },
]
