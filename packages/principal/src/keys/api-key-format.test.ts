import { readFileSync } from 'node:fs'
import { systemEntropy as entropy, randomBase62 } from '@latchkey/clock'
import { describe, expect, it } from 'vitest'
import { formatApiKeyText, parseApiKeyText } from './api-key-text.ts'

const page = readFileSync(new URL('../../../../docs/api-keys/format.md', import.meta.url), 'utf8')
const inBlock = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\``).exec(page)?.[1] ?? ''
const cellOf = (field: string) =>
  (new RegExp(`\\| ${field} \\| \`(.*)\` \\|`).exec(page)?.[1] ?? '').replaceAll('\\|', '|')

const published = inBlock('regex')
const gitleaks = /'''(.*)'''/.exec(inBlock('toml'))?.[1] ?? ''
/** GitHub joins the three; `\A` and `\z` are the ends of the text. */
const gitHub = [cellOf('Before secret'), cellOf('Secret format'), cellOf('After secret')]
  .map((part) => `(?:${part.replace('\\A', '^').replace('\\z', '$')})`)
  .join('')

const keys = Array.from({ length: 500 }, (_, at) =>
  formatApiKeyText({
    environment: at % 2 === 0 ? 'live' : 'test',
    keyId: randomBase62(entropy, 12),
    secret: randomBase62(entropy, 43),
  }),
)
const key = keys[0] ?? ''

const nearMisses = {
  'one character less': key.slice(0, -1),
  'one character more': `${key}a`,
  'another environment': key.replace('lk_live_', 'lk_prod_'),
  'another beginning': key.replace('lk_', 'kl_'),
  'in capitals': key.replace('lk_live_', 'LK_LIVE_'),
  'within a longer word': `x${key}`,
  'going on after it': `${key}_more`,
  'a dash for an underscore': key.replace(/_(?=[^_]*$)/, '-'),
  'a sign that is none of base62': key.replace(/.$/, '+'),
  'broken over two lines': `${key.slice(0, 40)}\n${key.slice(40)}`,
  'the public part alone': key.slice(0, 20),
}

describe.each([
  ['published', published],
  ['of gitleaks', gitleaks],
  ['of GitHub', gitHub],
])('the expression %s', (_, source) => {
  const expression = new RegExp(source)

  it('finds every key, however it stands in a text', () => {
    for (const each of keys)
      for (const text of [
        each,
        `KEY=${each}`,
        `"${each}"`,
        `-H 'x-api-key: ${each}'`,
        `${each}\n`,
        `https://x/?k=${each}&b`,
      ])
        expect(expression.test(text), text).toBe(true)
  })

  it.each(Object.entries(nearMisses))('finds no key in %s', (_miss, text) => {
    expect(expression.test(text)).toBe(false)
  })
})

it('the example on the page is a key', () => {
  const [example = ''] = new RegExp(published).exec(page) ?? []
  expect(parseApiKeyText(example)).toMatchObject({ environment: 'test', keyId: '8sJ2kQ0xVb3N' })
})

it('what the expression finds with one character changed, the checksum drops', () => {
  for (const each of keys.slice(0, 50)) {
    const changed = each.slice(0, 30) + (each[30] === 'x' ? 'y' : 'x') + each.slice(31)
    expect(new RegExp(published).test(changed)).toBe(true)
    expect(parseApiKeyText(changed)).toBeNull()
  }
})
