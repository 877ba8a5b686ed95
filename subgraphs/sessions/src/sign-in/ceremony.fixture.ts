/** What the tests of signing in with more than a password ask. */
import type { Client, SubgraphResponse } from '@latchkey/subgraph/transport'
import { correct, type Pair, type RunningSessions } from '../application.fixture.ts'

export const home: Client = { address: '192.0.2.1', userAgent: 'Firefox' }
export const elsewhere: Client = { address: '198.51.100.1', userAgent: 'Firefox' }
export const anotherBrowser: Client = { ...home, userAgent: 'curl' }

export const result = `__typename ... on SignedIn { accessToken refreshToken deviceToken session { id } user { id } }
  ... on SecondFactorRequired { challengeId factors } ... on SignInRefused { remedy }
  ... on SessionLimitReached { limit }`
const signInOperation = `mutation ($input: SignInInput!) { signIn(input: $input) { ${result} } }`
export const completeOperation = `mutation ($input: CompleteSecondFactorInput!) { completeSecondFactor(input: $input) { ${result} } }`
const startOperation =
  'mutation ($input: StartSecondFactorInput!) { startSecondFactor(input: $input) { outcome options } }'

export interface Result extends Pair {
  readonly challengeId: string
  readonly factors: string[]
}

export const resultOf = ({ data, errors }: SubgraphResponse): Result => {
  const found = data && Object.values(data)[0]
  if (!found || errors) throw new Error(`no result: ${JSON.stringify(errors)}`)
  return found as Result
}
export const signIn = async (
  process: RunningSessions,
  input: typeof correct & { rememberMe?: boolean } = correct,
  client = home,
) => resultOf(await process.ask(signInOperation, { variables: { input }, client }))
export const complete = (process: RunningSessions, input: Record<string, unknown>, client = home) =>
  process.ask(completeOperation, { variables: { input }, client })
export const start = async (process: RunningSessions, challengeId: string, factor = 'PASSKEY', client = home) => {
  const answer = await process.ask(startOperation, { variables: { input: { challengeId, factor } }, client })
  return resultOf(answer) as unknown as { outcome: string; options: string | null }
}
export const typesOf = (answers: readonly SubgraphResponse[]) => answers.map((answer) => resultOf(answer).__typename)
export const signedIns = (answers: readonly SubgraphResponse[]) =>
  typesOf(answers).filter((type) => type === 'SignedIn').length
export const times = <Value>(count: number, ask: (turn: number) => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, (_, turn) => ask(turn)))
