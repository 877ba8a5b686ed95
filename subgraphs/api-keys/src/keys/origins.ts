/** The web origins whose pages a key works for, exactly as browsers write them in `Origin` (RFC 6454). */
import type { ReadPart } from './confinement.ts'

export interface OriginsInput {
  readonly origins?: readonly string[] | null
}

const originsMax = 50
const lengthMax = 300
const shown = 100

export function readOrigins({ origins }: OriginsInput): ReadPart {
  if (!origins) return {}
  const fault =
    origins.length > originsMax
      ? `must name at most ${originsMax} origins`
      : (origins.map(faultOf).find((each) => each !== null) ?? null)
  if (fault !== null) return { faults: { 'input.origins': fault } }
  return { part: { origins: origins.length > 0 ? [...new Set(origins)] : undefined } }
}

function faultOf(text: string): string | null {
  const form = `must be like \`https://app.example.com\`, without a path or a star: ${text.slice(0, shown)}`
  if (text.length > lengthMax || !URL.canParse(text)) return form
  const { origin, protocol, hostname, href } = new URL(text)
  if ((protocol !== 'https:' && protocol !== 'http:') || hostname.includes('*')) return form
  if (text === origin) return null
  // Only the spelling differs: a port that goes without saying, capitals, a slash at the end.
  return href === `${origin}/` ? `must be written as browsers do: ${origin}, not ${text.slice(0, shown)}` : form
}
