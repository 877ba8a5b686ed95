/** The mails Users writes. Plain words, nothing in them that a stranger could have chosen. */
import type { NoticeKind } from '../notices/notice.ts'
import { type Language, textsIn } from './language.ts'
import type { LetterKind } from './texts/text.ts'

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

/** To whom a mail goes, and in which language. */
export interface Recipient {
  readonly to: string
  readonly language: Language
}

interface LetterFacts {
  readonly link: string
  /** What stands for the `{name}`s of the text. */
  readonly facts?: Readonly<Record<string, string>>
}

const fill = (line: string, facts: Readonly<Record<string, string>>): string =>
  line.replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '')

export function letter(kind: LetterKind, { to, language }: Recipient, { link, facts = {} }: LetterFacts): Mail {
  const { subject, before, after } = textsIn[language].letters[kind]
  const filled = (lines: readonly string[]) => lines.map((line) => fill(line, facts))
  return write({ to, subject: fill(subject, facts), before: filled(before), link, after: filled(after) })
}

/** For the owner of an account, about something that happened to it; the link says that it was not them. */
export function noticeMail(kind: NoticeKind, { to, language }: Recipient, link: string): Mail {
  const { notices, notMe } = textsIn[language]
  const { subject, sentence } = notices[kind]
  return write({ to, subject, before: [sentence, notMe.before], link, after: [notMe.after] })
}
