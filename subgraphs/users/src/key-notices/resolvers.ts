/** Notices about API keys in GraphQL. */
import type { Resolvers } from '@latchkey/subgraph'
import type { UsersContext } from '../context.ts'
import type { KeyNoticeInput } from './key-notice.ts'

interface Written extends Omit<KeyNoticeInput, 'endsAt' | 'lastUsedAt'> {
  readonly endsAt: string
  readonly lastUsedAt?: string | null
}

const readNotice = ({ endsAt, lastUsedAt, ...notice }: Written): KeyNoticeInput => ({
  ...notice,
  endsAt: new Date(endsAt),
  lastUsedAt: lastUsedAt ? new Date(lastUsedAt) : null,
})

export const keyNoticeResolvers: Resolvers<UsersContext> = {
  Mutation: {
    sendKeyNotice: (_parent, { input }: { input: Written }, { keyNotices }) => keyNotices.send(readNotice(input)),
  },
}
