/** Asks the Users subgraph to tell a person that signing in was stopped, as the service `sessions`. */
import { Problem } from '@latchkey/problem'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { asSessions } from '../users-question.ts'
import type { TellStop } from './stops.ts'

const query = `mutation NoteStoppedSignIn($userId: ID!, $what: StoppedSignIn!) {
  noteStoppedSignIn(userId: $userId, what: $what) { outcome }
}`

const names = {
  here: 'PASSWORD_FROM_ONE_NETWORK',
  anywhere: 'PASSWORD_FROM_STRANGERS',
  factor: 'SECOND_FACTOR',
} as const

export const usersTellStop =
  (users: SubgraphTransport): TellStop =>
  async (userId, kind, { requestId, address, userAgent = '' }) => {
    const client = address === undefined ? undefined : { address, userAgent }
    const variables = { userId, what: names[kind] }
    const { errors } = await users({ query, variables, principal: asSessions, requestId, client })
    if (errors && errors.length > 0) throw new Problem('UNAVAILABLE', `users answered ${errors[0]?.message}`)
  }
