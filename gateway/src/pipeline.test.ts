import { clockAt } from '@latchkey/clock/testing'
import { anonymous } from '@latchkey/principal'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { Problem } from '@latchkey/problem'
import { createLogger, silentLogger } from '@latchkey/telemetry'
import { buildSchema, GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createAuthorize, type PermittedOperation } from './authorize/authorize.ts'
import { createKeyAccess } from './authorize/key-access.ts'
import type { KnownOperation, Operations } from './operations.ts'
import { type Caller, createPipeline, type Ending, type GraphQLRequest, type Steps } from './pipeline.ts'
import { createRespond } from './respond/respond.ts'

const request: GraphQLRequest = {
  method: 'POST',
  headers: {},
  query: '{ a }',
  operationName: undefined,
  variables: {},
  requestId: 'req-1',
  client: { address: '127.0.0.1', userAgent: '' },
  signal: new AbortController().signal,
}

const key: ApiKeyRecord = {
  ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: '', pepperId: '', scopes: [] },
  ...{ environment: 'test', expiresAtMs: null, revokedAtMs: null },
}

const operation: KnownOperation<string> = {
  plan: 'plan',
  kind: 'query',
  name: undefined,
  requirement: { signedIn: false, scopes: [], policies: [], assurance: null },
  cost: { formula: 1, fault: null, asked: new Map<string, number>() },
  ...{ coordinates: [], introspection: [], uses: [], variables: [] },
  inUsage: () => ({ id: 'a#1', coordinates: [] }),
}
const operations: Operations<string> = { find: () => operation, prepare: () => operation, mostAsked: () => [] }

function pipelineWith(steps: Partial<Steps<string>>) {
  const lines: string[] = []
  const taken: string[] = []
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => void lines.push(line) },
  })
  const authorize = createAuthorize({
    operations,
    clock: clockAt('2030-01-01T00:00:00Z'),
    keyAccess: createKeyAccess(buildSchema('type Query { a: Int }')),
    judgeCost: () => 1,
  })
  const pipeline = createPipeline<string>({
    authenticate: async () => {
      taken.push('authenticate')
      return { principal: anonymous }
    },
    authorize: (...asked) => {
      taken.push('authorize')
      return authorize(...asked)
    },
    balanceOf: () => ({
      spend: async () => void taken.push('spend'),
      spendIf: async () => 'changed',
      tell: async (answer) => ({ ...answer, headers: { ...answer.headers, told: 'yes' } }),
    }),
    inTurn: (_operation, _request, work) => work(),
    execute: async ({ principal }) => {
      taken.push(`execute for ${principal.kind}`)
      return { data: { a: 1 } }
    },
    ...createRespond(logger),
    ...steps,
  })
  return { pipeline, lines, taken }
}

describe('the pipeline', () => {
  it('takes its steps in order', async () => {
    const { pipeline, taken } = pipelineWith({})
    expect(await pipeline(request)).toMatchObject({ status: 200, result: { data: { a: 1 } } })
    expect(taken).toEqual(['authenticate', 'authorize', 'execute for anonymous'])
  })

  it('spends last of all before it executes, for a caller with a key alone', async () => {
    const byKey = { authenticate: async () => ({ principal: anonymous, key }) }
    const { pipeline, taken } = pipelineWith(byKey)
    expect(await pipeline(request)).toMatchObject({ status: 200, headers: { told: 'yes' } })
    expect(taken).toEqual(['authorize', 'spend', 'execute for anonymous'])
    const refused = pipelineWith({
      ...byKey,
      authorize: () => {
        throw new Problem('FORBIDDEN')
      },
    })
    expect(await refused.pipeline(request)).toMatchObject({ status: 403, headers: { told: 'yes' } })
    expect(refused.taken).toEqual([])
    const session = pipelineWith({})
    expect((await session.pipeline(request)).headers).toEqual({})
  })

  it('spends and begins nothing where too many wait for their turn', async () => {
    const { pipeline, taken } = pipelineWith({
      authenticate: async () => ({ principal: anonymous, key }),
      inTurn: async () => Promise.reject(new Problem('UNAVAILABLE', 'too many', { retryAfterMs: 1_000 })),
    })
    expect(await pipeline(request)).toMatchObject({ status: 503, headers: { 'retry-after': '1', told: 'yes' } })
    expect(taken).toEqual(['authorize'])
  })

  it('takes no step after one that refused', async () => {
    const { pipeline, taken } = pipelineWith({
      authenticate: async () => Promise.reject(new Problem('CREDENTIAL_REJECTED')),
    })
    expect(await pipeline(request)).toMatchObject({ status: 401 })
    expect(taken).toEqual([])
  })

  it('shows whatever was thrown by mistake as INTERNAL, and logs it whole under the id of the request', async () => {
    for (const thrown of [new Error('db at 10.0.0.7 refused hunter2'), 'a text', undefined]) {
      const { pipeline, lines } = pipelineWith({ execute: async () => Promise.reject(thrown) })
      const answer = await pipeline(request)
      expect(answer).toMatchObject({
        status: 500,
        result: { errors: [{ extensions: { code: 'INTERNAL', requestId: 'req-1' } }] },
      })
      expect(JSON.stringify(answer)).not.toContain('hunter2')
      expect(lines.join('')).toContain('req-1')
    }
  })

  it('tells operators why a part failed, and callers when to try again', async () => {
    const problem = new Problem('UNAVAILABLE', 'redis: connection lost', { retryAfterMs: 1_500 })
    const { pipeline, lines } = pipelineWith({ authenticate: async () => Promise.reject(problem) })
    const answer = await pipeline(request)
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } })
    expect(JSON.stringify(answer)).not.toContain('redis')
    expect(lines.join('')).toContain('redis: connection lost')
  })

  it('names each judgement by the id of the request, to whoever was refused and in the log', async () => {
    for (const code of ['FORBIDDEN', 'CREDENTIAL_REJECTED'] as const) {
      const { pipeline, lines } = pipelineWith({ execute: async () => Promise.reject(new Problem(code, 'told to us')) })
      const answer = await pipeline(request)
      expect(answer.result.errors?.[0]?.extensions).toEqual({ code, decisionId: 'req-1' })
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ code, detail: 'told to us', decisionId: 'req-1' })
    }
    const ofField = new GraphQLError('no', { path: ['a'], extensions: { code: 'STEP_UP_REQUIRED' } })
    const behind = pipelineWith({ execute: async () => ({ data: { a: null }, errors: [ofField] }) })
    expect((await behind.pipeline(request)).result.errors?.[0]?.extensions).toMatchObject({ decisionId: 'req-1' })
  })

  it('gives no such name to what is nobody’s doing', async () => {
    for (const code of ['NOT_FOUND', 'BAD_USER_INPUT', 'UNAVAILABLE'] as const) {
      const { pipeline } = pipelineWith({ execute: async () => Promise.reject(new Problem(code)) })
      expect((await pipeline(request)).result.errors?.[0]?.extensions).not.toHaveProperty('decisionId')
    }
  })

  it('tells operators nothing of what was cut short because the client left', async () => {
    const left = { ...request, signal: AbortSignal.abort() }
    const { pipeline, lines } = pipelineWith({ execute: async () => Promise.reject(new Problem('UNAVAILABLE')) })
    await pipeline(left)
    expect(lines).toEqual([])
  })

  it('spends nothing for a client that has gone before', async () => {
    const taken: string[] = []
    const { pipeline } = pipelineWith({
      authenticate: async () => ({ principal: anonymous, key }),
      balanceOf: () => ({
        spend: async () => void taken.push('spend'),
        spendIf: async () => 'changed',
        tell: async (answer) => answer,
      }),
      execute: async () => {
        taken.push('execute')
        return { data: { a: 1 } }
      },
    })
    expect(await pipeline({ ...request, signal: AbortSignal.abort() })).toMatchObject({ status: 503 })
    expect(taken).toEqual([])
  })

  it('answers 400 where the operation could not be planned', async () => {
    const errors = [new GraphQLError('no plan', { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })]
    const { pipeline, lines } = pipelineWith({ execute: async () => ({ errors }) })
    expect(await pipeline(request)).toMatchObject({ status: 400, result: { errors: [{ message: 'no plan' }] } })
    expect(lines).toEqual([])
  })

  it('gives a code to every error of a field, and keeps 200', async () => {
    const errors = [
      new GraphQLError('no code', { path: ['a'] }),
      new GraphQLError('coded', { extensions: { code: 'NOT_FOUND' } }),
    ]
    const { pipeline } = pipelineWith({ execute: async () => ({ data: { a: null }, errors }) })
    const { status, result } = await pipeline(request)
    expect(status).toBe(200)
    expect(result.errors?.map(({ extensions }) => extensions?.code)).toEqual(['INTERNAL', 'NOT_FOUND'])
  })
})

it('an operation that authorize did not make is not taken for a permitted one', () => {
  // @ts-expect-error: the mark of a permitted operation cannot be named outside authorize.ts
  const forged: PermittedOperation<string> = { operation, principal: anonymous }
  expect(forged).toBeDefined()
})

describe('who is recalled', () => {
  const user = { kind: 'apiKey', keyId: key.keyId, ownerId: key.ownerId, scopes: [], restrictions: [] } as const
  const caller: Caller = { principal: user, key }

  /** `spent`: what comes of spending under the proviso. `authorized`: what of authorizing. */
  function recalling({
    spent = 'spent',
    authorized = () => {},
    read = caller,
  }: {
    spent?: 'spent' | 'changed' | Problem
    authorized?: (who: Caller) => void
    read?: Caller
  } = {}) {
    const taken: string[] = []
    const step = (name: string) => void taken.push(name)
    const authorize = createAuthorize({
      operations,
      clock: clockAt('2030-01-01T00:00:00Z'),
      keyAccess: createKeyAccess(buildSchema('type Query { a: Int }')),
      judgeCost: () => 1,
    })
    const endings: Ending[] = []
    const pipeline = createPipeline<string>(
      {
        recall: () => ({ caller, key, proviso: [], confirmed: () => step('confirmed') }),
        authenticate: async () => {
          step('authenticate')
          return read
        },
        authorize(asked, who) {
          step('authorize')
          authorized(who)
          return authorize(asked, who)
        },
        balanceOf: () => ({
          spend: async () => step('spend'),
          async spendIf() {
            step('spend if')
            return spent
          },
          tell: async (answer) => ({ ...answer, headers: { ...answer.headers, told: 'yes' } }),
        }),
        inTurn: (_operation, _request, work) => work(),
        async execute() {
          step('execute')
          return { data: { a: 1 } }
        },
        ...createRespond(silentLogger),
      },
      (_request, ending) => endings.push(ending),
    )
    return { pipeline, taken, endings }
  }

  it('is confirmed where their key spends, and asked for no more', async () => {
    const { pipeline, taken, endings } = recalling()
    expect(await pipeline(request)).toMatchObject({ status: 200, headers: { told: 'yes' } })
    expect(taken).toEqual(['authorize', 'spend if', 'confirmed', 'execute'])
    expect(endings).toMatchObject([{ caller }])
  })

  it('begins anew when anything has changed: nothing was executed for them', async () => {
    const { pipeline, taken } = recalling({ spent: 'changed' })
    expect(await pipeline(request)).toMatchObject({ status: 200 })
    expect(taken).toEqual(['authorize', 'spend if', 'authenticate', 'authorize', 'spend', 'execute'])
  })

  it('is let in and refused when there is nothing left to spend', async () => {
    const { pipeline, taken, endings } = recalling({ spent: new Problem('RATE_LIMITED') })
    expect(await pipeline(request)).toMatchObject({ status: 429, headers: { told: 'yes' } })
    expect(taken).toEqual(['authorize', 'spend if', 'confirmed'])
    expect(endings).toMatchObject([{ caller, thrown: { code: 'RATE_LIMITED' } }])
  })

  it('is not refused by what was read before, but by what is read now, and that is said once', async () => {
    const refusing = () => {
      throw new Problem('FORBIDDEN')
    }
    const { pipeline, taken } = recalling({ authorized: refusing })
    expect(await pipeline(request)).toMatchObject({ status: 403, headers: { told: 'yes' } })
    expect(taken).toEqual(['authorize', 'authenticate'])
  })

  it('may what they may now', async () => {
    const read: Caller = { principal: { ...user, scopes: ['more'] }, key }
    const authorized = (who: Caller) => {
      if (who === caller) throw new Problem('FORBIDDEN')
    }
    const { pipeline, taken } = recalling({ authorized, read })
    expect(await pipeline(request)).toMatchObject({ status: 200 })
    expect(taken).toEqual(['authorize', 'authenticate', 'authorize', 'spend', 'execute'])
  })

  it('is nobody who is known, where it cannot be confirmed', async () => {
    const { pipeline, endings } = recalling({ spent: 'changed', read: { principal: anonymous } })
    expect(await pipeline(request)).toMatchObject({ status: 200 })
    expect(endings).toEqual([{ caller: { principal: anonymous }, result: { data: { a: 1 } }, asked: [] }])
  })

  it('spends nothing when they have gone before', async () => {
    const { pipeline, taken } = recalling()
    expect(await pipeline({ ...request, signal: AbortSignal.abort() })).toMatchObject({ status: 503 })
    expect(taken).toEqual(['authorize'])
  })
})
