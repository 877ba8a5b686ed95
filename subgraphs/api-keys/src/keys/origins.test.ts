import { expect, it } from 'vitest'
import { readOrigins } from './origins.ts'

const faultOf = (...origins: string[]) => readOrigins({ origins }).faults?.['input.origins']

it.each([
  'https://app.example.com',
  'http://localhost:3000',
  'https://xn--bcher-kva.example',
  'https://[2001:db8::1]:8443',
])('%s is kept as it is', (origin) => {
  expect(readOrigins({ origins: [origin] })).toEqual({ part: { origins: [origin] } })
})

it.each([
  ['https://app.example.com/', 'https://app.example.com'],
  ['https://app.example.com:443', 'https://app.example.com'],
  ['HTTPS://App.Example.com', 'https://app.example.com'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
])('%s is refused, and %s is given as what browsers send', (text, meant) => {
  expect(faultOf(text)).toBe(`must be written as browsers do: ${meant}, not ${text}`)
})

it.each([
  '*',
  'null',
  '',
  'app.example.com',
  'https://*.example.com',
  'https://app.example.com/admin',
  'https://app.example.com?x=1',
  'https://user@app.example.com',
  'ftp://app.example.com',
  'chrome-extension://abcdef',
  `https://${'a'.repeat(100_000)}.example`,
])('%j is no origin', (text) => {
  expect(faultOf('https://app.example.com', text)).toContain('must be like')
  expect(faultOf(text)?.length).toBeLessThan(250)
})

it('says nothing where nothing is said, takes the limit away by an empty list, and keeps at most fifty, each once', () => {
  expect([readOrigins({}), readOrigins({ origins: null })]).toEqual([{}, {}])
  expect(readOrigins({ origins: [] })).toEqual({ part: { origins: undefined } })
  const many = Array.from({ length: 51 }, (_, port) => `https://app.example.com:${8_000 + port}`)
  expect(faultOf(...many)).toContain('at most 50')
  expect(readOrigins({ origins: [...many.slice(1), ...many.slice(1, 2)].slice(1) }).part?.origins).toHaveLength(50)
})
