/** Devices: a short name for what a user agent says of itself. */

// Order matters: most browsers also claim to be the ones below them.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\bOPR\/|\bOpera/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
]

const systems: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

const lengthMax = 40
// A header of any length may arrive; no browser needs more than this to be known.
const readMax = 512

const nameIn = (table: typeof browsers, userAgent: string) => table.find(([pattern]) => pattern.test(userAgent))?.[1]

/** Such as `Firefox on Linux`; else the first 40 printable characters; else `Unknown device`. */
export function deviceName(userAgent: string | undefined): string {
  const text = (userAgent ?? '').slice(0, readMax)
  const browser = nameIn(browsers, text)
  const system = nameIn(systems, text)
  if (browser && system) return `${browser} on ${system}`
  const printable = text.replace(/[^\x20-\x7e]/g, '').trim()
  return browser ?? (printable.slice(0, lengthMax).trim() || 'Unknown device')
}

/** Browser and system where both are known by name; `null` otherwise. Holds no word that the caller chose. */
export function recognisedDevice(userAgent: string | undefined): { browser: string; system: string } | null {
  const text = (userAgent ?? '').slice(0, readMax)
  const browser = nameIn(browsers, text)
  const system = nameIn(systems, text)
  return browser && system ? { browser, system } : null
}
