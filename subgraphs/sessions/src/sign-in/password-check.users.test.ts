import { Problem } from '@latchkey/problem'
import type { SubgraphRequest, SubgraphResponse } from '@latchkey/subgraph/transport'
import { expect, it } from 'vitest'
import { usersPasswordCheck } from './password-check.users.ts'

const credentials = { email: 'ada@example.org', password: 'correct horse' }
const check = (response: SubgraphResponse) => usersPasswordCheck(async () => response)(credentials, 'req_1')
const saying = (outcome: unknown, userId: unknown = null, secondFactors: unknown = [], sessionLimit: unknown = null) =>
  check({ data: { checkPassword: { outcome, userId, sessionEpoch: 3, secondFactors, sessionLimit } } })
const failing = (code: string) => check({ data: null, errors: [{ message: 'no', extensions: { code } }] })

it('asks as the service `sessions`, in the same request', async () => {
  const asked: SubgraphRequest[] = []
  const answer = { data: { checkPassword: { outcome: 'NO_MATCH', userId: null } } }
  await usersPasswordCheck(async (request) => {
    asked.push(request)
    return answer
  })(credentials, 'req_1')
  const principal = { kind: 'service', name: 'sessions', scopes: [] }
  expect(asked).toMatchObject([{ principal, requestId: 'req_1', variables: credentials }])
})

it('takes a clear yes and a clear no', async () => {
  expect(await saying('MATCH', 'usr_ada')).toEqual({
    outcome: 'match',
    userId: 'usr_ada',
    namedUserId: 'usr_ada',
    sessionEpoch: 3,
    secondFactors: [],
    sessionLimit: null,
  })
  const sessionLimit = { max: 3, onExcess: 'REFUSE' }
  expect(await saying('MATCH', 'usr_ada', [], sessionLimit)).toMatchObject({ sessionLimit })
  expect(await saying('MATCH', 'usr_ada', ['TOTP'])).toMatchObject({ secondFactors: ['TOTP'] })
  expect(await saying('NO_MATCH')).toEqual({ outcome: 'no match', namedUserId: null })
})

it.each([
  ['a yes for nobody', () => saying('MATCH')],
  ['a yes for a nameless account', () => saying('MATCH', '')],
  ['a yes without its epoch', () => check({ data: { checkPassword: { outcome: 'MATCH', userId: 'usr_ada' } } })],
  ['a yes that leaves open what else is asked', () => saying('MATCH', 'usr_ada', null)],
  ['a yes that asks for what nobody knows', () => saying('MATCH', 'usr_ada', ['RETINA'])],
  ['a yes to no session at all', () => saying('MATCH', 'usr_ada', [], { max: 0, onExcess: 'REFUSE' })],
  ['a yes with a limit that nobody knows', () => saying('MATCH', 'usr_ada', [], { max: 3, onExcess: 'ASK' })],
  ['another word', () => saying('PERHAPS', 'usr_ada')],
  ['nothing', () => check({ data: null })],
  ['a refusal', () => failing('FORBIDDEN')],
  [
    'a yes with an error beside it',
    () =>
      check({
        data: {
          checkPassword: {
            outcome: 'MATCH',
            userId: 'usr_ada',
            sessionEpoch: 3,
            secondFactors: [],
            sessionLimit: null,
          },
        },
        errors: [{ message: 'but', path: [] }],
      }),
  ],
])('takes %s for a fault, and signs nobody in', async (_what, asked) => {
  await expect(asked()).rejects.toMatchObject({ code: 'INTERNAL' })
})

it('is UNAVAILABLE when Users cannot say, or cannot be reached', async () => {
  await expect(failing('UNAVAILABLE')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  const unreachable = usersPasswordCheck(() => Promise.reject(new Problem('UNAVAILABLE')))(credentials, 'req_1')
  await expect(unreachable).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
