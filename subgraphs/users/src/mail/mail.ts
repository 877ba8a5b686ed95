/** The mails Users writes. Plain words, nothing in them that a stranger could have chosen. */

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
