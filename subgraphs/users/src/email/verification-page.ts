/** The page that the link in a confirmation mail opens. Opening it changes nothing: mail scanners open links too. */
import { createConfirmationPage } from '../pages/confirmation-page.ts'

export const showVerificationPage = createConfirmationPage({
  title: 'Confirm your address',
  question: 'Press the button to confirm that this address is yours.',
  button: 'Confirm',
  mutation: 'verifyEmail',
  wanted: 'VERIFIED',
  done: 'Your address is confirmed. You can sign in now.',
  refused: 'This link is unknown, used or too old. Register again to receive a new one.',
  passwordHint: 'If you have used the account already, type its password and press the button again.',
})
