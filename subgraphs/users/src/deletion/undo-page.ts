/** The page that the link in the mail about a deletion opens. */
import { createPage } from '../pages/page.ts'

export const showUndoDeletionPage = createPage({
  title: 'Restore your account',
  body: '<p>Press the button to have your account back.</p><button type="button">Restore</button>',
  mutation: 'undoDeletion',
  script: `
document.querySelector('button').onclick = async ({ target }) => {
  target.hidden = true
  try {
    const query = 'mutation ($token: String!) { undoDeletion(input: { token: $token }) { outcome } }'
    const { data } = await send(query, { token })
    say(data.undoDeletion.outcome === 'RESTORED'
      ? 'Your account is back. You can sign in now.'
      : 'This link is unknown, used or too old, or the account was erased.')
  } catch {
    target.hidden = false
    say('That did not work just now. Nothing was changed; try again in a moment.')
  }
}`,
})
