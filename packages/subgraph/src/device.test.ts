import { expect, it } from 'vitest'
import { deviceName } from './device.ts'

const like = 'AppleWebKit/537.36 (KHTML, like Gecko)'

it.each([
  ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['Chrome on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${like} Chrome/140.0.0.0 Safari/537.36`],
  ['Edge on Windows', `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${like} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`],
  ['Opera on macOS', `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${like} Chrome/140.0 Safari/537.36 OPR/120.0`],
  [
    'Safari on macOS',
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15`,
  ],
  [
    'Safari on iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1',
  ],
  ['Firefox on iPad', 'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) FxiOS/140.0 Mobile/15E148 Safari/605.1.15'],
  [
    'Samsung Internet on Android',
    `Mozilla/5.0 (Linux; Android 14) ${like} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari`,
  ],
  ['Chrome on ChromeOS', `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${like} Chrome/140.0.0.0 Safari/537.36`],
])('knows %s', (name, userAgent) => {
  expect(deviceName(userAgent)).toBe(name)
})

it('names a browser alone when the system is not known', () => {
  expect(deviceName('Firefox/140.0')).toBe('Firefox')
})

it('takes the first 40 printable characters of anything else', () => {
  expect(deviceName('curl/8.14.1')).toBe('curl/8.14.1')
  expect(deviceName(`x${'y'.repeat(10_000)}`)).toBe(`x${'y'.repeat(39)}`)
  expect(deviceName('\u001b[31mred\u0007\n\u202e')).toBe('[31mred')
})

it('says so when there is nothing to name', () => {
  for (const nothing of [undefined, '', ' \n\t', '\u0000\u200b']) expect(deviceName(nothing)).toBe('Unknown device')
})
