/** The pages where a password is chosen with a link from a mail. */
import { createPage, type ShowPage } from '../../pages/page.ts'

interface NewPassword {
  readonly title: string
  readonly says: string
  readonly mutation: 'resetPassword' | 'acceptInvitation'
  /** The member of the input that holds the password. */
  readonly field: 'newPassword' | 'password'
  /** The outcome that means that it was taken. */
  readonly taken: string
  readonly done: string
  readonly refused: string
}

const scriptOf = ({ mutation, field, taken, done, refused }: NewPassword) => `
const input = document.querySelector('input')
const form = document.querySelector('form')
const query = 'mutation ($token: String!, $password: String!) { ${mutation}(input: { token: $token, ${field}: $password }) { outcome } }'
form.onsubmit = async (event) => {
  event.preventDefault()
  const button = document.querySelector('button')
  button.disabled = true
  try {
    const { data, errors } = await send(query, { token, password: input.value })
    const fault = errors?.[0]?.extensions?.fields?.['input.${field}']
    if (fault) say('The password ' + fault + '.')
    else {
      say(data.${mutation}.outcome === '${taken}' ? '${done}' : '${refused}')
      form.hidden = true
    }
  } catch {
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
  button.disabled = false
}`

// No longest length: a browser would cut what is pasted without a word, and another password would be set than was meant.
const bodyOf = (says: string) => `<p role="status">${says}</p>
<form><label>New password<input type="password" name="new-password" autocomplete="new-password" required></label>
<button type="submit">Set the password</button></form>`

const pageFor = (given: NewPassword): ShowPage =>
  createPage({ title: given.title, body: bodyOf(given.says), mutation: given.mutation, script: scriptOf(given) })

const advice = 'At least 12 characters; a few unrelated words are good, and any characters will do.'

export const showResetPage = pageFor({
  title: 'Choose a new password',
  says: `${advice} Every session of your account will end.`,
  mutation: 'resetPassword',
  field: 'newPassword',
  taken: 'RESET',
  done: 'Your password is set, and every session has ended. Sign in with it now.',
  refused: 'This link is unknown, used or too old. Ask for a new one.',
})

export const showInvitationPage = pageFor({
  title: 'Choose a password for your account',
  says: advice,
  mutation: 'acceptInvitation',
  field: 'password',
  taken: 'ACCEPTED',
  done: 'Your account is ready. Sign in with your address and this password now.',
  refused: 'This link is unknown, used or too old. Ask whoever invited you for a new one.',
})
