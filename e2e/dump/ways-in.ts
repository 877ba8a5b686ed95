/** What people do without a password, and on devices that they trust. */
import { ask, nobody, signInOperation } from '../support/client.ts'
import { beginSignIn, mailAbout, perform, resultFields, type Story, tokensOf, withSession } from './person.ts'

const result = `${resultFields} ... on SignedIn { deviceToken }`

export const signsInWithMails: Story = {
  name: 'signs in with a link and with a code by mail, and leaves a third mail where it is',
  async play(house, person) {
    const [gateway, other] = house.gateways
    const asked = async () => perform(gateway, nobody, 'requestMagicLink', { email: person.email }, 'challengeId')
    await asked()
    const link = await mailAbout(house, person.email, /^Sign in$/)
    const token = /token=([\w-]+)/.exec(link.text)?.[1] ?? ''
    const byLink = await perform(other, nobody, 'signInWithMagicLink', { token }, result)
    const { challengeId } = await asked()
    const code = /\d{4} \d{4}/.exec((await mailAbout(house, person.email, /^Sign in$/, 2)).text)?.[0] ?? ''
    const byCode = await perform(gateway, nobody, 'signInWithEmailCode', { challengeId, code }, result)
    await asked()
    await mailAbout(house, person.email, /^Sign in$/, 3)
    return {
      hidden: {
        ...tokensOf(withSession(person, byLink)),
        'session of the code': byCode.refreshToken,
        'device of the link': byLink.deviceToken,
        'device of the code': byCode.deviceToken,
      },
      person: withSession(person, byCode),
    }
  },
}

export const trustsADevice: Story = {
  name: 'trusts a device, and signs in on it with the password alone',
  async play({ gateways: [gateway, other] }, person) {
    const [recoveryCode = '', ...recoveryCodes] = person.recoveryCodes
    const challengeId = await beginSignIn(gateway, person)
    const input = { challengeId, recoveryCode, trustDevice: true }
    const completed = await perform(other, nobody, 'completeSecondFactor', input, result)
    const { deviceToken } = completed as { deviceToken: string }
    const credentials = { input: { email: person.email, password: person.password } }
    const { data } = await ask(gateway, { 'x-latchkey-device': deviceToken }, signInOperation, credentials)
    const again = withSession(person, data.signIn)
    return {
      hidden: { deviceToken, 'session of the factor': completed.refreshToken, ...tokensOf(again) },
      untilErased: { 'trusted device': deviceToken.split('.')[0] ?? '' },
      person: { ...withSession(person, completed), recoveryCodes },
    }
  },
}
