/** Languages: which mails are written in. */
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'
import type { MailTexts } from './texts/text.ts'

export const languages = ['en', 'de'] as const

export type Language = (typeof languages)[number]

export const textsIn: Readonly<Record<Language, MailTexts>> = { en, de }

/**
 * Chooses the language of a mail: from the locale (BCP 47) that a person chose; else from what whoever caused the mail asks
 * for (`Accept-Language`).
 */
export type LanguageChoice = (locale: string | null | undefined, asked?: string | undefined) => Language

const languageOf = (tag: string): Language | undefined => {
  const primary = tag.trim().split('-')[0]?.toLowerCase()
  return languages.find((language) => language === primary)
}

/** More of them than anybody has. */
const askedMax = 20

/** Those of an `Accept-Language` (RFC 9110 section 12.5.4), the most wanted first. */
function askedLanguages(header: string): readonly Language[] {
  const wanted = header
    .split(',', askedMax)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';')
      const weight = parameters.map((parameter) => /^\s*q=([\d.]{1,5})\s*$/i.exec(parameter)?.[1]).find(Boolean)
      return { language: languageOf(tag), weight: Number(weight ?? 1) }
    })
    .filter(({ weight }) => weight > 0)
  return wanted.sort((one, other) => other.weight - one.weight).flatMap(({ language }) => language ?? [])
}

/** `fallback`: for people who chose none, or one that mails are not written in. */
export const createLanguageChoice =
  (fallback: Language): LanguageChoice =>
  (locale, asked = '') =>
    languageOf(locale ?? '') ?? askedLanguages(asked)[0] ?? fallback
