import { describe, expect, it } from 'vitest'
import { createLanguageChoice, languages, textsIn } from './language.ts'
import { escapeHtml, letter, noticeMail } from './mail.ts'

const ada = { to: 'ada@example.com', language: 'en' } as const
const facts = { code: '12345678', when: '2030-01-01 00:00 UTC', device: 'Firefox, Linux' }

/** Every text of a language by its place, such as `letters.verification.after.0`. */
const textsOf = (value: unknown, place = ''): [string, string][] =>
  typeof value === 'string'
    ? [[place, value]]
    : Object.entries(value as object).flatMap(([name, part]) => textsOf(part, place ? `${place}.${name}` : name))

const factsIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

describe('a mail', () => {
  it('that confirms an address carries the link in both forms, and the code', () => {
    const link = 'https://id.example.com/verify-email?token=tok-_1'
    const { to, text, html } = letter('verification', ada, { link, facts })
    expect(to).toBe('ada@example.com')
    expect(text).toContain(`\n${link}\n`)
    expect(text).toContain('12345678')
    expect(text).toContain('2030-01-01 00:00 UTC, Firefox, Linux')
    expect(html).toContain(`<a href="${link}">`)
  })

  it('has nothing in its HTML that could be read as markup', () => {
    const hostile = '"><script>alert(1)</script>'
    const { html } = letter('verification', ada, { link: hostile, facts: { ...facts, device: hostile } })
    expect(html).not.toContain('<script>')
    expect(noticeMail('password-changed', ada, hostile).html).not.toContain('<script>')
    expect(escapeHtml(`<a href='x'>&"`)).toBe('&lt;a href=&#39;x&#39;&gt;&amp;&quot;')
  })

  it('has a subject that no caller can put anything into', () => {
    const { subject } = letter('verification', ada, {
      link: 'x',
      facts: { ...facts, device: 'a\r\nBcc: eve@example.com' },
    })
    expect(subject).toBe('Confirm your address')
  })
})

describe.each(languages)('the texts in %s', (language) => {
  const texts = textsOf(textsIn[language])

  it('are none of them empty, and none spread over lines', () => {
    for (const [place, text] of texts)
      expect({ place, text }).toEqual({ place, text: expect.stringMatching(/^\S.*\S$/) })
  })

  it('say all that the English ones say, with the same facts', () => {
    const keys = (entries: [string, string][]) => entries.map(([place]) => place).sort()
    const english = textsOf(textsIn.en)
    expect(keys(texts)).toEqual(keys(english))
    const factsByPlace = (entries: [string, string][]) => entries.map(([place, text]) => [place, factsIn(text)]).sort()
    expect(factsByPlace(texts)).toEqual(factsByPlace(english))
  })

  it('are its own', () => {
    if (language === 'en') return
    const english = new Map(textsOf(textsIn.en))
    expect(texts.filter(([place, text]) => english.get(place) === text)).toEqual([])
  })
})

describe('the language of a mail', () => {
  const languageFor = createLanguageChoice('en')
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['DE-ch-1996', 'de'],
    ['en-GB', 'en'],
    ['den', 'en'],
    ['fr', 'en'],
    ['', 'en'],
    [null, 'en'],
  ])('for %j is %s', (locale, language) => expect(languageFor(locale)).toBe(language))

  it('is the one of the installation for people who chose none', () => {
    expect(createLanguageChoice('de')(null)).toBe('de')
    expect(createLanguageChoice('de')('en-US')).toBe('en')
  })
})

it.each([
  ['de-AT', 'en', 'de'],
  ['fr', 'de', 'de'],
  [null, 'de-AT, en;q=0.8', 'de'],
  [null, 'fr, en;q=0.4, de;q=0.9', 'de'],
  [null, 'de;q=0, en', 'en'],
  [null, 'de;q=0', 'en'],
  [null, '*', 'en'],
  [null, ';;q=,,\u0000', 'en'],
  [undefined, undefined, 'en'],
] as const)('who chose the locale %s and asks for %j is written to in %s', (locale, asked, language) => {
  expect(createLanguageChoice('en')(locale, asked)).toBe(language)
})
