/** Where subgraphs are, as an environment says it: `users=http://one:4001|http://two:4001,sessions=dns+http://three:4002`. */
import { readWhereabouts, writeWhereabouts } from './replicas/whereabouts.ts'

/** By name, where its replicas are: see `readWhereabouts`. */
export type SubgraphUrls = Readonly<Record<string, readonly string[]>>

/** An address without a path means `/graphql`. `null` when the text is not of this form. */
export function parseSubgraphUrls(text: string): SubgraphUrls | null {
  const entries = text.split(',').map((entry) => {
    const [, name = '', urls = ''] = /^\s*([\w-]+)=(.+)$/.exec(entry) ?? []
    return [name, urls.split('|').map((url) => url.trim())] as const
  })
  if (!entries.every(([name]) => name !== '')) return null
  if (new Set(entries.map(([name]) => name)).size < entries.length) return null
  const whereabouts = entries.map(([name, urls]) => [name, urls.map(endpointOf)] as const)
  if (whereabouts.some(([, urls]) => urls.includes(null))) return null
  return Object.fromEntries(whereabouts.map(([name, urls]) => [name, urls.filter((url) => url !== null)]))
}

function endpointOf(text: string): string | null {
  const at = readWhereabouts(text)
  if (!at) return null
  const url = new URL(at.url)
  if (url.pathname === '/') url.pathname = '/graphql'
  return writeWhereabouts({ ...at, url: url.href })
}
