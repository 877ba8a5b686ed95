import { clockAt } from '@latchkey/clock/testing'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { KeyUse } from '@latchkey/principal/key-usage'
import { anApiKey, aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { refusedWith } from '../authenticate/refused-key.ts'
import type { Ending, GraphQLRequest } from '../pipeline.ts'
import { createWitness, outcomeOf } from './witness.ts'

const key = { keyId: 'Key000000001' } as ApiKeyRecord
const request = { query: '{ a }', operationName: undefined } as GraphQLRequest

function seen(ending: Partial<Ending>): readonly KeyUse[] {
  const uses: KeyUse[] = []
  const witness = createWitness({
    record: (use) => uses.push(use),
    find: () => ({ id: 'a#1', coordinates: ['Query.a'] }),
    clock: clockAt('2030-01-01T00:00:00Z'),
  })
  witness(request, { asked: ['users'], ...ending }, 2.5)
  return uses
}

describe('a witness', () => {
  it('sees every request with a key, and none without', () => {
    const result = { data: {} }
    expect(seen({ caller: { principal: anApiKey(), key }, result })).toEqual([
      {
        keyId: 'Key000000001',
        atMs: Date.parse('2030-01-01T00:00:00Z'),
        operation: { id: 'a#1', coordinates: ['Query.a'] },
        outcome: 'OK',
        subgraphs: ['users'],
        tookMs: 2.5,
      },
    ])
    expect(seen({ caller: { principal: aUser() }, result })).toEqual([])
  })

  it('sees a key that was refused once its secret had matched, and no other', () => {
    const problem = refusedWith(key, new Problem('CREDENTIAL_REJECTED', 'x', { reason: 'DISABLED' }))
    expect(seen({ thrown: problem })).toMatchObject([{ keyId: 'Key000000001', outcome: 'DENIED:DISABLED' }])
    expect(seen({ thrown: new Problem('CREDENTIAL_REJECTED', 'x') })).toEqual([])
  })

  it.each([
    [{ result: { data: {} } }, 'OK'],
    [{ result: { errors: [new GraphQLError('x')] } }, 'ERROR:INTERNAL'],
    [{ result: { errors: [new GraphQLError('x', { extensions: { code: 'NOT_FOUND' } })] } }, 'ERROR:NOT_FOUND'],
    [{ result: { errors: [new GraphQLError('x', { extensions: { code: 'ada@example.com' } })] } }, 'ERROR:OTHER'],
    [{ thrown: new Problem('FORBIDDEN', 'x', { reason: 'ACL_DENIED' }) }, 'DENIED:ACL_DENIED'],
    [{ thrown: new Problem('FORBIDDEN') }, 'DENIED:SCOPE_DENIED'],
    [{ thrown: new Problem('RATE_LIMITED', 'x', { reason: 'USAGE_EXCEEDED' }) }, 'DENIED:USAGE_EXCEEDED'],
    [{ thrown: new Problem('OPERATION_TOO_COSTLY') }, 'ERROR:OPERATION_TOO_COSTLY'],
    [{ thrown: new Problem('UNAVAILABLE') }, 'ERROR:UNAVAILABLE'],
    [
      { thrown: new AggregateError([new GraphQLError('x', { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })]) },
      'ERROR:GRAPHQL_VALIDATION_FAILED',
    ],
    [{ thrown: new TypeError('x') }, 'ERROR:INTERNAL'],
  ])('%o is %s', (ending, outcome) => expect(outcomeOf(ending)).toBe(outcome))
})
