/** The page that the link in a confirmation mail opens. */
import { createPage } from '../pages/page.ts'

const script = `
const query = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { outcome } }'
document.querySelector('button').onclick = async ({ target }) => {
  target.hidden = true
  try {
    const { data } = await send(query, { token })
    say(data.verifyEmail.outcome === 'VERIFIED'
      ? 'Your address is confirmed. You can sign in now.'
      : 'This link is unknown, used or too old. Register again to receive a new one.')
  } catch {
    target.hidden = false
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
}`

export const showVerificationPage = createPage({
  title: 'Confirm your address',
  body: '<p>Press the button to confirm that this address is yours.</p><button type="button">Confirm</button>',
  mutation: 'verifyEmail',
  script,
})
