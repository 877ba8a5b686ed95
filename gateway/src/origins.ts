/** The origins that an operator names: `https://app.example.org,https://admin.example.org`. */

export const originsError = 'must be like https://app.example.org,https://admin.example.org'

/** Each as browsers write it; `null` when one is no origin of http or https, such as `*`, or more than one. */
export function parseOrigins(text: string): readonly string[] | null {
  const named = text.split(',').flatMap((part) => part.trim() || [])
  const origins = named.flatMap(originOf)
  return origins.length === named.length ? origins : null
}

function originOf(text: string): readonly string[] {
  if (!URL.canParse(text)) return []
  const { origin, protocol, href } = new URL(text)
  const isOrigin = (protocol === 'https:' || protocol === 'http:') && href === `${origin}/`
  return isOrigin ? [origin] : []
}
