/** What a request is for: a path, and what follows a question mark. */
import type { IncomingMessage } from 'node:http'

export const pathOf = ({ url = '' }: IncomingMessage): string => {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

/** With its question mark; empty for none. */
export const searchOf = ({ url = '' }: IncomingMessage): string => {
  const query = url.indexOf('?')
  return query < 0 ? '' : url.slice(query)
}
