/** The mailbox as a page: every mail as text, its links to click. */
import { escapeHtml, type Mail } from './mail.ts'

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid #8886;border-radius:.5rem;padding:1rem;margin:1rem 0}
h2{font-size:1rem;margin:0}p{margin:0;opacity:.7}pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}`

// Split before escaping: an escaped text has no plain ampersands left to recognise a link by.
const withLinks = (text: string): string =>
  text
    .split(/(https?:\/\/\S+)/)
    .map((part, at) =>
      at % 2 ? `<a href="${escapeHtml(part)}" rel="noreferrer">${escapeHtml(part)}</a>` : escapeHtml(part),
    )
    .join('')

const article = ({ to, subject, text, sentAt }: Mail & { sentAt: string }): string =>
  `<article><h2>${escapeHtml(subject)}</h2><p>to ${escapeHtml(to)} at <time>${escapeHtml(sentAt)}</time></p>` +
  `<pre>${withLinks(text)}</pre></article>`

/** A whole HTML document; newest last, like the JSON. */
export const mailboxPage = (mails: readonly (Mail & { sentAt: string })[]): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title><style>${style}</style>` +
  `<h1>Mail</h1><p>What this development server has sent, newest last.</p>` +
  `${mails.map(article).join('') || '<p>Nothing yet.</p>'}</html>\n`
