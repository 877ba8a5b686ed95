/** Which media type an answer has: GraphQL over HTTP, section "Media Types". */

export const json = 'application/json; charset=utf-8'
export const graphqlResponse = 'application/graphql-response+json; charset=utf-8'
export type MediaType = typeof json | typeof graphqlResponse

interface Range {
  readonly type: string
  readonly quality: number
  readonly order: number
}

const rememberedMax = 200

/**
 * What `Accept` prefers; between equals what it names first, and `application/json` where it has no wish. `null`: it takes
 * neither. The statuses are the same for both.
 */
export function createNegotiator(): (accept: string | undefined) => MediaType | null {
  // Clients send few different headers. Forgetting all of them now and then costs less than keeping an order.
  const known = new Map<string, MediaType | null>()
  return (accept) => {
    if (accept === undefined) return json
    const found = known.get(accept)
    if (found !== undefined) return found
    if (known.size === rememberedMax) known.clear()
    const chosen = negotiate(accept)
    known.set(accept, chosen)
    return chosen
  }
}

function negotiate(accept: string): MediaType | null {
  const ranges = accept.split(',').map(readRange)
  const asJson = rangeFor('application/json', ranges)
  const asGraphQL = rangeFor('application/graphql-response+json', ranges)
  const takesJson = asJson !== undefined && asJson.quality > 0
  const takesGraphQL = asGraphQL !== undefined && asGraphQL.quality > 0
  if (!takesGraphQL) return takesJson ? json : null
  if (!takesJson) return graphqlResponse
  if (asGraphQL.quality !== asJson.quality) return asGraphQL.quality > asJson.quality ? graphqlResponse : json
  return asGraphQL.order < asJson.order ? graphqlResponse : json
}

function readRange(text: string, order: number): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
  return { type, quality: Number.isFinite(quality) ? quality : 1, order }
}

/** The most specific range that covers the type (RFC 9110, section 12.5.1). */
const rangeFor = (type: string, ranges: readonly Range[]): Range | undefined =>
  ranges.find((range) => range.type === type) ??
  ranges.find((range) => range.type === 'application/*') ??
  ranges.find((range) => range.type === '*/*')

/** Whether the client takes a stream of events: it says so by name. */
export const takesEvents = (accept = ''): boolean =>
  accept.includes('text/event-stream') &&
  accept
    .split(',')
    .map(readRange)
    .some(({ type, quality }) => type === 'text/event-stream' && quality > 0)

/** Whether a browser asks for a page: `Accept` names HTML before any JSON. */
export function wantsPage(accept: string | undefined): boolean {
  const types = (accept ?? '').split(',').map((text, order) => readRange(text, order).type)
  const page = types.indexOf('text/html')
  const data = types.findIndex((type) => type.startsWith('application/') && type.endsWith('json'))
  return page >= 0 && (data < 0 || page < data)
}
