/** A supergraph's text, parsed once for all who read it at the same time: it is long, and a start reads it seven times. */
import { type DocumentNode, parse } from 'graphql'

let latest: { readonly sdl: string; readonly document: WeakRef<DocumentNode> } | undefined

/** Without locations; nobody may change it. It is forgotten once nobody holds it. @throws GraphQLError when `sdl` has no syntax. */
export function parsedSupergraph(sdl: string): DocumentNode {
  const known = latest?.sdl === sdl ? latest.document.deref() : undefined
  if (known) return known
  const document = parse(sdl, { noLocation: true })
  latest = { sdl, document: new WeakRef(document) }
  return document
}
