/** Where the replicas of a subgraph are, as an environment says it: the address of one, or a name that stands for all there are. */

/**
 * `http://one:4001/graphql`: one place. `dns+http://users:4001/graphql`: a replica at each address of that name.
 * `srv+http://_graphql._tcp.users.internal/graphql`: a replica wherever that service says (RFC 2782).
 */
export type Whereabouts =
  | { readonly kind: 'place'; readonly url: string }
  | { readonly kind: 'name'; readonly name: string; readonly url: string }
  | { readonly kind: 'service'; readonly name: string; readonly url: string }

const form = /^(?:(dns|srv)\+)?(https?:\/\/.+)$/
const service = /^_[\w-]+\._(?:tcp|udp)\.(.+)$/

/** What a text of one of these forms says. `null` for any other text. */
export function readWhereabouts(text: string): Whereabouts | null {
  const [, by, plain = ''] = form.exec(text) ?? []
  if (!URL.canParse(plain)) return null
  const url = new URL(plain)
  if (by === 'dns') return { kind: 'name', name: url.hostname, url: url.href }
  return by === 'srv' ? serviceAt(url) : { kind: 'place', url: url.href }
}

/**
 * The host is the name without service and protocol: what DNS says of a service is not signed, so that a certificate has to be for the
 * name that was configured and not for the one that DNS leads to (RFC 6125, section 6.2.1).
 */
function serviceAt(url: URL): Whereabouts | null {
  const [name, host] = service.exec(url.hostname) ?? []
  if (name === undefined || host === undefined || url.port !== '') return null
  url.hostname = host
  return { kind: 'service', name, url: url.href }
}

const prefixes = { place: '', name: 'dns+', service: 'srv+' } as const

/** The same in one spelling. */
export function writeWhereabouts(at: Whereabouts): string {
  if (at.kind !== 'service') return `${prefixes[at.kind]}${at.url}`
  const { protocol, pathname, search } = new URL(at.url)
  return `${prefixes.service}${protocol}//${at.name}${pathname}${search}`
}
