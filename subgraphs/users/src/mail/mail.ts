/** The mails Users writes. Plain words, nothing in them that a stranger could have chosen. */
import type { NoticeKind } from '../notices/notice.ts'

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** One mail in both forms: paragraphs, and a link on a line of its own. */
interface Letter {
  readonly to: string
  readonly subject: string
  readonly before: readonly string[]
  readonly link: string
  readonly after: readonly string[]
}

/** Safe between tags and inside quoted attributes. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

function write({ to, subject, before, link, after }: Letter): Mail {
  const lines = [...before, link, ...after]
  const paragraph = (line: string) => {
    const safe = escapeHtml(line)
    return line === link ? `<p><a href="${safe}">${safe}</a></p>` : `<p>${safe}</p>`
  }
  return { to, subject, text: `${lines.join('\n\n')}\n`, html: lines.map(paragraph).join('\n') }
}

/** For an address that is not an account yet. The token goes into the query, as the page that reads it expects. */
export const verificationMail = (to: string, token: string, publicUrl: string): Mail =>
  write({
    to,
    subject: 'Confirm your address',
    before: [
      'Someone, hopefully you, opened an account with this address. To confirm that it is yours, open this link:',
    ],
    link: `${publicUrl}/verify-email?token=${token}`,
    after: [
      'It works once, for 24 hours.',
      'If it was not you, do nothing: without the confirmation there will be no account.',
    ],
  })

/** For an address that is an account already: told to its owner, and to nobody else. */
export const alreadyRegisteredMail = (to: string, publicUrl: string): Mail =>
  write({
    to,
    subject: 'You already have an account',
    before: ['Someone, perhaps you, tried to open an account with this address. You have one already; sign in here:'],
    link: publicUrl,
    after: ['If it was not you, you need not do anything: nothing was changed, and they were told nothing.'],
  })

/** For the owner of an account, at the address that is stored of it. */
export const resetPasswordMail = (to: string, token: string, publicUrl: string): Mail =>
  write({
    to,
    subject: 'Set a new password',
    before: ['Someone, hopefully you, asked for a new password for your account. To choose one, open this link:'],
    link: `${publicUrl}/reset-password?token=${token}`,
    after: [
      'It works once, for an hour, and only until a newer one is sent.',
      'If it was not you, do nothing: your password stays as it is.',
    ],
  })

/** For somebody whose account an administrator has opened. */
export const invitationMail = (to: string, token: string, publicUrl: string): Mail =>
  write({
    to,
    subject: 'You are invited',
    before: ['An account was opened for you with this address. To use it, open this link and choose a password:'],
    link: `${publicUrl}/accept-invitation?token=${token}`,
    after: [
      'It works once, for 7 days.',
      'If you expected nothing of the kind, do nothing: nobody can use the account.',
    ],
  })

const noticed: Readonly<Record<NoticeKind, readonly [subject: string, sentence: string]>> = {
  'email-changed': ['Your address was changed', 'The address of your account was changed.'],
  'password-changed': ['Your password was changed', 'The password of your account was changed.'],
  'password-reset': ['Your password was reset', 'The password of your account was set anew with a link from a mail.'],
  'totp-added': ['An authenticator app was added', 'Signing in now asks for a code from an authenticator app.'],
  'totp-removed': [
    'An authenticator app was removed',
    'Signing in no longer asks for a code from the authenticator app.',
  ],
  'passkey-added': ['A passkey was added', 'A passkey was added to your account.'],
  'passkey-removed': ['A passkey was removed', 'A passkey was removed from your account.'],
  'passkey-alarm': [
    'A passkey may have been copied',
    'A passkey of your account counted backwards: a copy of it may exist.',
  ],
  'recovery-codes-regenerated': [
    'New recovery codes were made',
    'New recovery codes were made; the old ones are void.',
  ],
  'recovery-code-used': ['A recovery code was used', 'Somebody signed in to your account with a recovery code.'],
  'account-deleted': [
    'Your account will be erased',
    'Your account was deleted. It is erased in 30 days; until then it can be restored.',
  ],
}

/** For the owner of an account, about something that happened to it. */
export function noticeMail(kind: NoticeKind, { to, link }: { to: string; link: string }): Mail {
  const [subject, sentence] = noticed[kind]
  return write({
    to,
    subject,
    before: [
      sentence,
      'If it was not you, open this link: it ends every session and locks the account until you reset the password.',
    ],
    link,
    after: ['If it was you, you need not do anything.'],
  })
}

/** For the owner of an account that was deleted just now. */
export const deletionMail = ({ to, link, eraseAt }: { to: string; link: string; eraseAt: Date }): Mail =>
  write({
    to,
    subject: 'Your account was deleted',
    before: [
      `Your account was deleted and everyone is signed out. On ${eraseAt.toISOString().slice(0, 10)} all that is kept of you is erased for ever.`,
      'If you want it back, or if it was not you who deleted it, open this link before that day:',
    ],
    link,
    after: ['If it was not you, set a new password as soon as it is back.', 'Otherwise you need not do anything.'],
  })

/** For the owner of an account whose data was put together. */
export const exportMail = (to: string, publicUrl: string): Mail =>
  write({
    to,
    subject: 'Your data is ready',
    before: [
      'Everything that is kept of you was put together, because you asked for it. Sign in and fetch it within 24 hours:',
    ],
    link: publicUrl,
    after: ['If you did not ask for it, somebody else is signed in to your account: change your password now.'],
  })
