/** The pages behind the links of a change of address. */
import { createConfirmationPage } from '../pages/confirmation-page.ts'

export const showConfirmEmailPage = createConfirmationPage({
  title: 'Confirm your new address',
  question: 'Press the button to make this the address of your account. Your other devices are signed out.',
  button: 'Confirm',
  mutation: 'confirmEmailChange',
  wanted: 'CHANGED',
  done: 'Your address is changed. Sign in with the new one from now on.',
  refused: 'This link is unknown, used or too old, or the address belongs to an account already. Nothing was changed.',
})

export const showUndoEmailChangePage = createConfirmationPage({
  title: 'Put your address back',
  question:
    'Press the button if you did not change the address of your account. It puts this address back, ends every session and locks the account until you choose a new password.',
  button: 'It was not me',
  mutation: 'undoEmailChange',
  wanted: 'UNDONE',
  done: 'Your address is back, and the account is locked. A mail to it says how to get back in.',
  refused: 'This link is unknown, used or too old. Nothing was changed.',
})
