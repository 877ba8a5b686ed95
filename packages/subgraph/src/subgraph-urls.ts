/** Where subgraphs are, as an environment says it: `users=http://one:4001|http://two:4001,sessions=http://three:4002`. */

/** By name, several addresses of one being its replicas. */
export type SubgraphUrls = Readonly<Record<string, readonly string[]>>

/** An address without a path means `/graphql`. `null` when the text is not of this form. */
export function parseSubgraphUrls(text: string): SubgraphUrls | null {
  const entries = text.split(',').map((entry) => {
    const [, name = '', urls = ''] = /^\s*([\w-]+)=(.+)$/.exec(entry) ?? []
    return [name, urls.split('|').map((url) => url.trim())] as const
  })
  if (!entries.every(([name, urls]) => name !== '' && urls.every(isHttp))) return null
  if (new Set(entries.map(([name]) => name)).size < entries.length) return null
  return Object.fromEntries(entries.map(([name, urls]) => [name, urls.map(endpointOf)]))
}

const isHttp = (url: string): boolean => URL.canParse(url) && /^https?:/.test(url)

function endpointOf(text: string): string {
  const url = new URL(text)
  if (url.pathname === '/') url.pathname = '/graphql'
  return url.href
}
