import { createLogger } from '@latchkey/telemetry'
import type { GraphQLSchema } from 'graphql'
import { expect, it } from 'vitest'
import { withHopLines } from './hop-line.ts'
import type { Subgraph } from './subgraph.ts'
import type { SubgraphRequest } from './transport.ts'

const notes = (code?: string): Subgraph => ({
  name: 'notes',
  schema: {} as GraphQLSchema, // nobody looks at it
  execute: async () => (code ? { errors: [{ message: 'no', extensions: { code } }] } : { data: { note: 'planted' } }),
})

const request: SubgraphRequest = {
  ...{ query: '{ note(text: "planted") }', variables: { text: 'planted' }, operationName: 'Note'.repeat(100) },
  ...{ principal: { kind: 'anonymous' }, requestId: 'request-1' },
}

async function written(level: 'debug' | 'info', subgraph: Subgraph): Promise<string[]> {
  const lines: string[] = []
  const logger = createLogger({ level, service: 'test', destination: { write: (line) => lines.push(line) } })
  await withHopLines(subgraph, logger).execute(request)
  return lines
}

it('writes one line for an operation, and nothing of what was sent or told', async () => {
  const [line = '', ...more] = await written('debug', notes())
  expect(more).toEqual([])
  expect(JSON.parse(line)).toMatchObject({
    ...{ requestId: 'request-1', hop: 'notes', principal: 'anonymous', outcome: 'OK', msg: 'answered' },
    ...{ operation: 'Note'.repeat(25), tookMs: expect.any(Number) },
  })
  expect(line).not.toContain('planted')
})

it('tells the code of what failed', async () => {
  expect(JSON.parse((await written('debug', notes('NOT_FOUND')))[0] ?? '')).toMatchObject({ outcome: 'NOT_FOUND' })
})

it('writes nothing where nobody reads it', async () => {
  expect(await written('info', notes())).toEqual([])
})
