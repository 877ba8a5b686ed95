/** Languages: which mails are written in. */
import { de } from './texts/de.ts'
import { en } from './texts/en.ts'
import type { MailTexts } from './texts/text.ts'

export const languages = ['en', 'de'] as const

export type Language = (typeof languages)[number]

export const textsIn: Readonly<Record<Language, MailTexts>> = { en, de }

/** Chooses the language of a mail from the locale (BCP 47) that a person chose, if they did. */
export type LanguageChoice = (locale: string | null | undefined) => Language

/** `fallback`: for people who chose none, or one that mails are not written in. */
export const createLanguageChoice =
  (fallback: Language): LanguageChoice =>
  (locale) => {
    const primary = (locale ?? '').split('-')[0]?.toLowerCase()
    return languages.find((language) => language === primary) ?? fallback
  }
