/** Many guesses for the price of one request. They are made at an account that is not there. */
import { type Finding, probe } from '../probe.ts'
import type { Answer } from '../target.ts'

const guess = (index: number) =>
  `g${index}: signIn(input: { email: "nobody.is.here@example.com", password: "guess number ${index}" }) { __typename }`
const guesses = (count: number) => Array.from({ length: count }, (_, index) => guess(index)).join(' ')

function refusedWhole({ codes, data }: Answer): Finding {
  const answered = Object.values(data ?? {}).filter((value) => value !== null).length
  if (answered > 1) return { broken: `${answered} guesses were judged by one request` }
  return codes.length > 0 ? null : { broken: 'it was not refused' }
}

const sources: Readonly<Record<string, string>> = {
  'by aliases': `mutation { ${guesses(50)} }`,
  'by fragments': `mutation { ...A ...B } fragment A on Mutation { ${guesses(25)} } fragment B on Mutation { b: ${guess(99).slice(4)} }`,
  'by two operations': `mutation A { ${guess(1)} } mutation B { ${guess(2)} }`,
}

export const guessing = [
  ...Object.entries(sources).map(([name, query]) =>
    probe(`many guesses at a password ${name}`, async ({ ask }) => refusedWhole(await ask(query))),
  ),
  probe('many guesses at a second factor by aliases', async ({ ask }) => {
    const codes = Array.from(
      { length: 50 },
      (_, n) =>
        `g${n}: completeSecondFactor(input: { challengeId: "x", totp: "${String(n).padStart(6, '0')}" }) { __typename }`,
    )
    return refusedWhole(await ask(`mutation { ${codes.join(' ')} }`))
  }),
  probe('many tokens of a mail by aliases', async ({ ask }) => {
    const tokens = Array.from(
      { length: 50 },
      (_, n) => `g${n}: resetPassword(input: { token: "t${n}", newPassword: "x" }) { outcome }`,
    )
    return refusedWhole(await ask(`mutation { ${tokens.join(' ')} }`))
  }),
]
