/** Asks Have I Been Pwned by range: it learns the first five digits of a hash that hundreds of passwords share. */
import { secondMs } from '@latchkey/clock'

const rangeUrl = 'https://api.pwnedpasswords.com/range/'
const prefixLength = 5
/** Whoever registers waits for it. */
const patienceMs = secondMs
/** A padded range has at most some 70 kB. */
const answerMax = 1_000_000

/** The count beside a suffix; padding has the count 0. */
function countIn(range: string, suffix: string): number {
  const line = range.split(/\r?\n/).find((text) => text.startsWith(`${suffix}:`))
  return line ? Number.parseInt(line.slice(suffix.length + 1), 10) || 0 : 0
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > answerMax) throw new Error('the range service answered with more than a range')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

export const breachedOnline =
  ({ url = rangeUrl }: { readonly url?: string }) =>
  async (digest: string): Promise<number> => {
    const response = await fetch(`${url}${digest.slice(0, prefixLength)}`, {
      // Without padding the length of the answer would tell which range was asked for.
      headers: { 'add-padding': 'true', 'user-agent': 'latchkey' },
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    if (!response.ok) throw new Error(`the range service answered ${response.status}`)
    return countIn(await readBounded(response), digest.slice(prefixLength))
  }
