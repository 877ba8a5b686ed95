import { Problem } from '@latchkey/problem'
import type { SubgraphRequest, SubgraphResponse } from '@latchkey/subgraph/transport'
import { expect, it } from 'vitest'
import { usersFactorCheck } from './factor-check.users.ts'

const asking = { requestId: 'req_1', address: '192.0.2.1', userAgent: 'Firefox' }
const question = { userId: 'usr_ada', reference: 'pen_1', shown: { factor: 'TOTP', text: '123456' } } as const
const check = (response: SubgraphResponse) => usersFactorCheck(async () => response).check(question, asking)
const saying = (answer: Record<string, unknown>) => check({ data: { checkSecondFactor: answer } })

it('asks as the service `sessions`, in the same request, and says where it came from', async () => {
  const asked: SubgraphRequest[] = []
  const factors = usersFactorCheck(async (request) => {
    asked.push(request)
    return { data: { checkSecondFactor: { outcome: 'NO_MATCH' } } }
  })
  await factors.check(question, asking)
  await factors.check({ ...question, shown: { factor: 'PASSKEY', proof: { challenge: 'c', response: 'r' } } }, asking)
  expect(asked).toMatchObject([
    {
      principal: { kind: 'service', name: 'sessions', scopes: [] },
      requestId: 'req_1',
      client: { address: '192.0.2.1', userAgent: 'Firefox' },
      variables: { userId: 'usr_ada', reference: 'pen_1', shown: { totp: '123456' } },
    },
    { variables: { shown: { passkey: { challenge: 'c', response: 'r' } } } },
  ])
})

it('takes a clear yes and a clear no', async () => {
  const proved = { userId: 'usr_ada', sessionEpoch: 3, sessionLimit: { max: 3, onExcess: 'REFUSE' } }
  expect(await saying({ outcome: 'MATCH', ...proved })).toEqual({ outcome: 'match', ...proved })
  expect(await saying({ outcome: 'NO_MATCH', userId: null })).toEqual({ outcome: 'no match' })
})

it.each([
  ['a yes for nobody', () => saying({ outcome: 'MATCH', sessionEpoch: 3, sessionLimit: null })],
  ['a yes without its epoch', () => saying({ outcome: 'MATCH', userId: 'usr_ada', sessionLimit: null })],
  ['a yes that leaves open how many sessions', () => saying({ outcome: 'MATCH', userId: 'usr_ada', sessionEpoch: 3 })],
  ['another word', () => saying({ outcome: 'PERHAPS', userId: 'usr_ada', sessionEpoch: 3 })],
  ['nothing', () => check({ data: null })],
  ['a refusal', () => check({ data: null, errors: [{ message: 'no', extensions: { code: 'FORBIDDEN' } }] })],
  [
    'a yes with an error beside it',
    () =>
      check({
        data: { checkSecondFactor: { outcome: 'MATCH', userId: 'usr_ada', sessionEpoch: 3, sessionLimit: null } },
        errors: [{ message: 'but', path: [] }],
      }),
  ],
])('takes %s for a fault, and signs nobody in', async (_what, asked) => {
  await expect(asked()).rejects.toMatchObject({ code: 'INTERNAL' })
})

it('is UNAVAILABLE when Users cannot say, or cannot be reached', async () => {
  const busy = check({ data: null, errors: [{ message: 'no', extensions: { code: 'UNAVAILABLE' } }] })
  await expect(busy).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const away = usersFactorCheck(() => Promise.reject(new Problem('UNAVAILABLE')))
  await expect(away.check(question, asking)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
