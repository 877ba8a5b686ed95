/** The page behind the link of a security notice that says it was somebody else. */
import { createConfirmationPage } from '../pages/confirmation-page.ts'

export const showNotMePage = createConfirmationPage({
  title: 'This was not me',
  question:
    'Press the button if it was not you. It ends every session and locks the account until you choose a new password.',
  button: 'It was not me',
  mutation: 'reportNotMe',
  wanted: 'LOCKED',
  done: 'Every session has ended, and the account is locked. A mail says how to get back in.',
  refused: 'This link is unknown, used or too old. Nothing was changed.',
})
