/** What people do with their own account, each act with what is recorded of it. */
import { shownCode } from '../support/authenticator-app.ts'
import {
  aPerson,
  ask,
  bearer,
  nextMail,
  nobody,
  register,
  registered,
  signedIn,
  signInOperation,
  tokenIn,
} from '../support/client.ts'
import { type Act, asking, askingById, mail, mailCount, type Setting } from './asking.ts'

/** In order: later ones stand on what earlier ones did. */
export async function* ownActs(setting: Setting): AsyncGenerator<Act> {
  yield* ofPassword(setting)
  yield* ofFactors(setting)
  yield* ofSessions(setting)
  yield* ofAddress(setting)
  yield* ofKeys(setting)
}

async function* ofPassword(setting: Setting): AsyncGenerator<Act> {
  const { house } = setting
  const [one] = house.gateways
  const change = asking(setting)
  const ada = aPerson('audited')
  const signIn = (password: string) => ask(one, nobody, signInOperation, { input: { email: ada.email, password } })
  const tokenOf = async (after: number) => {
    const found = await mail(house, ada.email, after + 1)
    return found ? tokenIn(found) : ''
  }
  yield { kind: 'account.register', does: () => ask(one, nobody, register, { input: { ...ada, displayName: 'Ada' } }) }
  await mail(house, ada.email, 1)
  yield { kind: 'email.resend', does: () => change(nobody, 'resendVerification', '{ outcome }', { email: ada.email }) }
  const token = await tokenOf(1)
  yield { kind: 'email.confirm', does: () => change(nobody, 'verifyEmail', '{ outcome }', { token }) }
  yield { kind: 'sign-in.refuse', does: () => signIn('not the password at all') }
  yield { kind: 'session.begin', does: () => signIn(ada.password) }
  const count = await mailCount(house, ada.email)
  yield {
    kind: 'password.request-reset',
    does: () => change(nobody, 'requestPasswordReset', '{ outcome }', { email: ada.email }),
  }
  const reset = await tokenOf(count)
  const newPassword = 'a wholly other battery staple'
  yield {
    kind: 'password.reset',
    does: () => change(nobody, 'resetPassword', '{ outcome }', { token: reset, newPassword }),
  }
  const { accessToken } = await signedIn(one, { ...ada, password: newPassword })
  const input = { currentPassword: newPassword, newPassword: `${newPassword} again` }
  yield { kind: 'password.change', does: () => change(bearer(accessToken), 'changePassword', '{ outcome }', input) }
}

async function* ofFactors(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const person = await signedIn(setting.house.gateways[0])
  let mine = bearer(person.accessToken)
  const raise = async (input: object) => {
    const answer = await change(mine, 'stepUp', '{ __typename ... on SignedIn { accessToken } }', input)
    mine = bearer(answer.accessToken)
  }
  let secret = ''
  let codes: string[] = []
  const app = (step: number) => shownCode(secret, Date.now(), step)
  yield {
    kind: 'totp.enrol',
    does: async () => {
      secret = (await change(mine, 'enrolTotp', '{ secret }')).secret
    },
  }
  yield {
    kind: 'totp.confirm',
    does: async () => {
      codes = (await change(mine, 'confirmTotp', '{ outcome recoveryCodes }', { code: app(0) })).recoveryCodes
    },
  }
  yield { kind: 'recovery-codes.use', does: () => raise({ recoveryCode: codes[0] }) }
  yield { kind: 'session.step-up', does: () => raise({ totp: app(1) }) }
  yield {
    kind: 'recovery-codes.regenerate',
    does: async () => {
      codes = (await change(mine, 'regenerateRecoveryCodes', '{ recoveryCodes }')).recoveryCodes
    },
  }
  yield { kind: 'email-codes.enable', does: () => change(mine, 'enableEmailCodes', '{ recoveryCodes }') }
  yield { kind: 'email-codes.disable', does: () => change(mine, 'disableEmailCodes', '{ enabled }') }
  yield { kind: 'totp.remove', does: () => change(mine, 'removeTotp', '{ outcome }', { recoveryCode: codes[0] }) }
}

async function* ofSessions(setting: Setting): AsyncGenerator<Act> {
  const [one] = setting.house.gateways
  const change = asking(setting)
  const byId = askingById(setting)
  const person = await registered(one)
  const refresh = (refreshToken: string) =>
    change(nobody, 'refreshSession', '{ __typename ... on SignedIn { refreshToken } }', { refreshToken })
  const [first, second, third] = [await signedIn(one, person), await signedIn(one, person), await signedIn(one, person)]
  yield { kind: 'session.end', does: () => change(bearer(first.accessToken), 'signOut', '{ sessionId }') }
  yield {
    kind: 'session.end',
    does: () => byId(bearer(second.accessToken), 'revokeSession', '{ sessionId }', third.sessionId),
  }
  const { refreshToken } = await refresh(second.refreshToken)
  await refresh(refreshToken)
  yield {
    kind: 'session.token-reused',
    does: () =>
      ask(one, nobody, `mutation { refreshSession(input: { refreshToken: "${second.refreshToken}" }) { __typename } }`),
  }
  yield {
    kind: 'sign-in.request-mail',
    does: () => change(nobody, 'requestMagicLink', '{ outcome }', { email: person.email }),
  }
}

async function* ofAddress(setting: Setting): AsyncGenerator<Act> {
  const { house } = setting
  const change = asking(setting)
  const person = await signedIn(house.gateways[0])
  const mine = bearer(person.accessToken)
  const newEmail = aPerson('audited-new').email
  const { data } = await ask(house.gateways[0], mine, '{ me { version } }')
  yield {
    kind: 'profile.update',
    does: () => change(mine, 'updateProfile', '{ user { id } }', { version: data.me.version, displayName: 'Ada L.' }),
  }
  yield { kind: 'data-export.request', does: () => change(mine, 'requestDataExport', '{ dataExport { id } }') }
  yield { kind: 'email.request-change', does: () => change(mine, 'requestEmailChange', '{ outcome }', { newEmail }) }
  const asked = await mail(house, newEmail, 1)
  yield {
    kind: 'email.change',
    does: () => change(mine, 'confirmEmailChange', '{ outcome }', { token: asked ? tokenIn(asked) : '' }),
  }
  const undo = tokenIn(
    await nextMail(house.gateways[0], person.email, { isSuch: ({ text }) => text.includes('/undo-email-change') }),
  )
  yield { kind: 'email.undo-change', does: () => change(nobody, 'undoEmailChange', '{ outcome }', { token: undo }) }
}

async function* ofKeys(setting: Setting): AsyncGenerator<Act> {
  const change = asking(setting)
  const byId = askingById(setting)
  const person = await signedIn(setting.house.gateways[0])
  const mine = bearer(person.accessToken)
  let id = ''
  const about = '{ apiKey { id } }'
  yield {
    kind: 'api-key.created',
    does: async () => {
      id = (await change(mine, 'createApiKey', about, { name: 'audited', scopes: ['profile:read'] })).apiKey.id
    },
  }
  yield { kind: 'api-key.updated', does: () => change(mine, 'updateApiKey', about, { id, name: 'renamed' }) }
  yield { kind: 'api-key.disabled', does: () => byId(mine, 'disableApiKey', about, id) }
  yield { kind: 'api-key.enabled', does: () => byId(mine, 'enableApiKey', about, id) }
  yield { kind: 'api-key.rotated', does: () => change(mine, 'rotateApiKey', about, { id, overlap: 60 }) }
  yield { kind: 'api-key.revoked', does: () => change(mine, 'revokeApiKey', about, { id, reason: 'a story' }) }
  const { admin } = setting
  yield {
    kind: 'api-key.exported',
    does: () => change(bearer(admin.accessToken), 'exportApiKeys', '{ keys }', { ownerId: person.userId }),
  }
}
