/** Refusals by the rules of GraphQL and HTTP themselves, with the codes that Apollo's clients know. */
import { GraphQLError } from 'graphql'

export type ProtocolCode =
  | 'BAD_REQUEST'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'OPERATION_RESOLUTION_FAILURE'
  | 'PERSISTED_QUERY_NOT_IN_LIST'
  | 'QUERY_NOT_IN_SAFELIST'
  | 'PERSISTED_QUERY_ID_REQUIRED'
  | 'CANNOT_SEND_PQ_ID_AND_BODY'

/** What an error says about the HTTP answer. It stays in the house: respond/ takes it off. */
export interface HttpTerms {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
}

/** Messages repeat words of the request; at this length none becomes an amplifier. */
const messageMax = 300

export const shorten = (text: string, charactersMax: number): string =>
  text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`

export const protocolError = (code: ProtocolCode, message: string, http: HttpTerms = { status: 400 }): GraphQLError =>
  new GraphQLError(shorten(message, messageMax), { extensions: { code, http } })

/** An error of graphql-js (syntax, validation) with the code clients know it by; where it is in the document stays. */
export const asProtocolError = (code: ProtocolCode, error: GraphQLError, message = error.message): GraphQLError =>
  new GraphQLError(shorten(message, messageMax), {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    originalError: error,
    extensions: { code, http: { status: 400 } },
  })

/** What a document holds in quotes may be a secret: of a syntax error it is said where it is, and not what is written there. */
export const withoutValues = ({ message }: GraphQLError): string =>
  message.replace(/(found (?:BlockString|String|Int|Float)) ".*"/s, '$1')
