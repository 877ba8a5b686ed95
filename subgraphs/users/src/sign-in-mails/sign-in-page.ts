/** The page that a link to sign in opens. Opening it uses nothing up: the person's button does, and signs in here. */
import { createPage } from '../pages/page.ts'

// The tokens go into cookies, where no script of this origin reads them, and none is handed on.
// A scanner that runs scripts may press what it finds by script; a person's press is trusted (DOM standard, `isTrusted`).
const script = `
const at = (id) => document.getElementById(id)
const result = '{ __typename ... on SignedIn { expiresAt session { id } user { id } } ... on SecondFactorRequired { challengeId factors } ... on SessionLimitReached { remedy } ... on SignInRefused { remedy } }'
const inCookies = { 'x-latchkey-auth-mode': 'cookie' }
let challengeId = ''
const ask = async (field, input) => {
  const type = field.charAt(0).toUpperCase() + field.slice(1) + 'Input'
  const { data } = await send('mutation ($input: ' + type + '!) { ' + field + '(input: $input) ' + result + ' }', { input }, inCookies)
  return data[field]
}
const show = (...ids) => { for (const id of ['go', 'code', 'passkey']) at(id).hidden = !ids.includes(id) }
const askFor = (answer) => {
  challengeId = answer.challengeId
  const isTyped = answer.factors.some((factor) => factor !== 'PASSKEY')
  show(...(isTyped ? ['code'] : []), ...(answer.factors.includes('PASSKEY') ? ['passkey'] : []))
  say('One thing more is asked for, to show that it is you.')
}
const tell = (answer) => {
  if (answer.__typename === 'SecondFactorRequired') return askFor(answer)
  if (answer.__typename !== 'SignedIn') return say(answer.remedy)
  show()
  // For the pages of this origin: the one that asked for the mail goes on with it, where it is open still.
  new BroadcastChannel('latchkey').postMessage(answer)
  say('You are signed in.')
}
const complete = async (factor) => tell(await ask('completeSecondFactor', { challengeId, ...factor }))
const passkey = async () => {
  const query = 'mutation ($input: StartSecondFactorInput!) { startSecondFactor(input: $input) { options } }'
  const { data } = await send(query, { input: { challengeId, factor: 'PASSKEY' } }, inCookies)
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(data.startSecondFactor.options))
  return JSON.stringify(await navigator.credentials.get({ publicKey }))
}
const attempt = (act) => async (event) => {
  event.preventDefault()
  if (!event.isTrusted) return
  try {
    await act()
  } catch {
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
}
at('go').onclick = attempt(async () => {
  const answer = await ask('signInWithMagicLink', { token })
  show()
  tell(answer)
})
at('code').onsubmit = attempt(() => {
  const typed = document.querySelector('input').value
  return complete(/^[ 0-9]*$/.test(typed) ? { totp: typed.replaceAll(' ', '') } : { recoveryCode: typed })
})
at('passkey').onclick = attempt(async () => complete({ passkey: await passkey() }))
`

const body = `<p role="status">Press the button to sign in here, if it was you who asked for the mail.</p>
<button type="button" id="go">Sign in</button>
<form id="code" hidden><label>A code of your authenticator app, or a recovery code<input name="code" autocomplete="one-time-code" required></label>
<button type="submit">Go on</button></form>
<button type="button" id="passkey" hidden>Use a passkey</button>`

export const showSignInPage = createPage({ title: 'Sign in', body, mutation: 'signInWithMagicLink', script })
