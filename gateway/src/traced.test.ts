import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import { aUser } from '@latchkey/principal/testing'
import { keptTraces } from '@latchkey/telemetry/testing'
import { traceBy, traced } from '@latchkey/telemetry/traces'
import { afterEach, expect, it } from 'vitest'
import type { PermittedOperation } from './authorize/authorize.ts'
import { createPipeline, type GraphQLRequest } from './pipeline.ts'
import { tracedPipeline, tracedSteps } from './traced.ts'

afterEach(() => traceBy(null))

const request: GraphQLRequest = {
  ...{ method: 'POST', headers: {}, query: '{ a }', operationName: undefined, variables: {}, requestId: 'req-1' },
  ...{ client: { address: '127.0.0.1', userAgent: '' }, signal: new AbortController().signal },
}

const key: ApiKeyRecord = {
  ...{ keyId: 'Key000000001', version: 1, ownerId: 'usr_ada', secretMac: '', pepperId: '', scopes: [] },
  ...{ environment: 'test', expiresAtMs: null, revokedAtMs: null },
}

/** The parts of a request whose caller is recalled, each with what it is a part of. */
async function partsWhere(spent: 'spent' | 'changed') {
  const { tracer, kept } = keptTraces()
  traceBy(tracer)
  const caller = { principal: aUser(), key }
  const steps = tracedSteps<string>({
    recall: () => ({ caller, key, proviso: [], confirmed: () => {} }),
    authenticate: async () => caller,
    // Only its cost is asked for.
    authorize: () => ({ cost: 1 }) as PermittedOperation<string>,
    balanceOf: () => ({
      spend: async () => {},
      spendIf: () => traced({ name: 'redis evalsha', kind: 'client' }, async () => spent),
      tell: (answer) => answer,
    }),
    inTurn: (_operation, _request, work) => work(),
    execute: async () => ({ data: { a: 1 } }),
    respond: () => ({ status: 200, headers: {}, result: {} }),
    refuse: (thrown) => expect.fail(`${thrown}`),
  })
  await tracedPipeline(createPipeline(steps))(request)
  return kept.map(({ name, parent }) => [name, parent])
}

it('whoever is recalled by a key is authenticated, in a trace, by the question that confirms them', async () => {
  const parts = await partsWhere('spent')
  expect(parts).toHaveLength(5)
  expect(parts).toEqual(
    expect.arrayContaining([
      ['graphql', null],
      ['authorize', 'graphql'],
      ['authenticate', 'graphql'],
      ['redis evalsha', 'authenticate'],
      ['execute', 'graphql'],
    ]),
  )
})

it('whoever is not confirmed is authenticated twice', async () => {
  const parts = await partsWhere('changed')
  expect(parts.filter(([name]) => name === 'authenticate')).toHaveLength(2)
})
