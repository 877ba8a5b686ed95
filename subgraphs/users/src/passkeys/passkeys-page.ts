/** The development page for passkeys: enrol one and sign in with it in a real browser. Never in production. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopbackHost } from '../mail/mailbox.ts'
import { pageHeaders } from '../pages/page.ts'

const script = `
const at = (id) => document.getElementById(id)
let token = ''
let challengeId = ''

async function ask(query, variables = {}) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: 'Bearer ' + token } : {}) }
  const answer = await fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  const { data, errors } = await answer.json()
  if (errors) throw new Error(errors[0].message)
  return Object.values(data)[0]
}

const claimsOf = (jwt) => JSON.parse(atob(jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
const say = (text) => { at('said').textContent = text }

function signedIn(jwt) {
  token = jwt
  at('token').value = jwt
  at('second').hidden = true
}

const result = '{ __typename ... on SignedIn { accessToken } ... on SecondFactorRequired { challengeId factors } ... on SessionLimitReached { remedy } ... on SignInRefused { remedy } }'

function tell(answer) {
  if (answer.__typename === 'SecondFactorRequired') {
    challengeId = answer.challengeId
    at('second').hidden = false
    return say('One thing more is asked for: ' + answer.factors.join(', '))
  }
  if (answer.__typename !== 'SignedIn') return say('Refused. ' + answer.remedy)
  signedIn(answer.accessToken)
  const { acr, amr } = claimsOf(token)
  say('Signed in with ' + acr + ' (' + amr.join(', ') + ')')
}

async function get(options, more = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options))
  return JSON.stringify(await navigator.credentials.get({ publicKey, ...more }))
}

async function signInAlone(more) {
  token = ''
  const { challengeId, options } = await ask('mutation { startPasskeySignIn { challengeId options } }')
  const input = { challengeId, response: await get(options, more) }
  tell(await ask('mutation ($input: FinishPasskeySignInInput!) { finishPasskeySignIn(input: $input) ' + result + ' }', { input }))
}

const complete = async (factor) =>
  tell(await ask('mutation ($input: CompleteSecondFactorInput!) { completeSecondFactor(input: $input) ' + result + ' }',
    { input: { challengeId, ...factor } }))

const actions = {
  async 'sign-in'() {
    token = ''
    const input = { email: at('email').value, password: at('password').value }
    tell(await ask('mutation ($input: SignInInput!) { signIn(input: $input) ' + result + ' }', { input }))
  },
  async 'second-passkey'() {
    const input = { challengeId, factor: 'PASSKEY' }
    const { options } = await ask('mutation ($input: StartSecondFactorInput!) { startSecondFactor(input: $input) { options } }', { input })
    await complete({ passkey: await get(options) })
  },
  'second-code': () => complete({ [at('kind').value]: at('code').value }),
  'sign-in-passkey': () => signInAlone(),
  // The browser offers its passkeys where the address is typed, and waits until one is chosen.
  offer: () => signInAlone({ mediation: 'conditional' }),
  async enrol() {
    const { options } = await ask('mutation { startPasskeyEnrolment { options } }')
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options))
    const response = JSON.stringify(await navigator.credentials.create({ publicKey }))
    const input = { response, name: at('name').value || 'passkey' }
    const { outcome, recoveryCodes } = await ask(
      'mutation ($input: FinishPasskeyEnrolmentInput!) { finishPasskeyEnrolment(input: $input) { outcome recoveryCodes } }', { input })
    at('codes').textContent = (recoveryCodes ?? []).join('\\n')
    say(outcome === 'ENROLLED' ? 'The passkey was added.' : 'The passkey was refused.')
  },
  async 'sign-out'() {
    await ask('mutation { signOut { sessionId } }')
    signedIn('')
    say('Signed out.')
  },
}

for (const [id, act] of Object.entries(actions))
  at(id).onclick = () => { say('…'); act().catch((error) => say('That did not work: ' + error.message)) }
`

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}
button,input,select,textarea{font:inherit;padding:.3rem .6rem;margin:.2rem .2rem .2rem 0}
fieldset{margin:1rem 0;border:1px solid #8886;border-radius:.5rem}textarea{width:100%;box-sizing:border-box}
output{display:block;font-weight:bold}pre{white-space:pre-wrap}`

const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Passkeys</title><style>${style}</style><h1>Passkeys</h1>
<p>Enrol a passkey and sign in with it. This page exists in development only.</p><output id="said"></output>
<fieldset><legend>Sign in</legend>
<input id="email" type="email" placeholder="address" aria-label="Address" autocomplete="username webauthn">
<input id="password" type="password" placeholder="password" aria-label="Password" autocomplete="current-password"><br>
<button type="button" id="sign-in">With the password</button>
<button type="button" id="sign-in-passkey">With a passkey alone</button>
<button type="button" id="offer">Offer passkeys in the address field</button>
<button type="button" id="sign-out">Sign out</button></fieldset>
<fieldset id="second" hidden><legend>The second factor</legend>
<button type="button" id="second-passkey">A passkey</button>
<select id="kind" aria-label="Kind of code"><option value="totp">authenticator app</option><option value="recoveryCode">recovery code</option></select>
<input id="code" placeholder="code" aria-label="Code" autocomplete="one-time-code">
<button type="button" id="second-code">Use the code</button></fieldset>
<fieldset><legend>Add a passkey</legend>
<input id="name" placeholder="its name" aria-label="Name of the passkey"><button type="button" id="enrol">Add it</button>
<pre id="codes"></pre></fieldset>
<label>Access token, for Sandbox<textarea id="token" rows="3" readonly></textarea></label>
<script>${script}</script></html>
`

const headers = pageHeaders(script, style)

/** Only to a loopback `Host`, as the mailbox. */
export function showPasskeysPage({ method, headers: asked }: IncomingMessage, response: ServerResponse): void {
  if (!isLoopbackHost(asked.host)) response.writeHead(403).end()
  else if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
  else response.writeHead(200, headers).end(method === 'GET' ? page : undefined)
}
