import { Problem } from '@latchkey/problem'
import { createLogger } from '@latchkey/telemetry'
import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { maskError, maskThrown } from './mask.ts'

function masking() {
  const lines: string[] = []
  const destination = { write: (line: string) => void lines.push(line) }
  const logger = createLogger({ level: 'debug', service: 'test', destination })
  return { options: { requestId: 'req_1', logger }, lines }
}
const raised = (originalError: Error) => new GraphQLError(originalError.message, { originalError, path: ['a', 0] })

describe('what a caller is told', () => {
  it('is a Problem as it is, without its detail, which the log gets', () => {
    const { options, lines } = masking()
    const problem = new Problem('RATE_LIMITED', 'budget of 10.0.0.7', { retryAfterMs: 900 })
    const told = maskError(raised(problem), options)
    expect(told).toEqual({
      message: problem.message,
      path: ['a', 0],
      extensions: { code: 'RATE_LIMITED', retryAfterMs: 900 },
    })
    expect(lines.join()).toContain('budget of 10.0.0.7')
    expect(lines.join()).toContain('req_1')
  })

  it.each([
    ['an Error', new Error('password=hunter2')],
    ['a GraphQLError of a value that its type cannot express', new GraphQLError('Int cannot represent "hunter2"')],
    ['an INTERNAL Problem', new Problem('INTERNAL', 'hunter2', {}, { cause: new Error('hunter2') })],
  ])('is nothing of %s but the request id; the log has it whole', (_what, thrown) => {
    const { options, lines } = masking()
    const told = maskError(raised(thrown), options)
    expect(told.extensions).toEqual({ code: 'INTERNAL', requestId: 'req_1' })
    expect(JSON.stringify(told)).not.toContain('hunter2')
    expect(lines.join()).toContain('hunter2')
  })

  it('is the complaint about the own document, variables or argument', () => {
    const { options, lines } = masking()
    const argument = new GraphQLError('Argument "id" of required type "ID!" was not provided.', { path: ['note'] })
    expect(maskError(new GraphQLError('Variable "$a" got invalid value'), options).extensions?.code).toBe(
      'BAD_USER_INPUT',
    )
    expect(maskError(argument, options)).toMatchObject({
      message: argument.message,
      extensions: { code: 'BAD_USER_INPUT' },
    })
    expect(lines).toEqual([])
  })

  it('is INTERNAL for whatever was thrown outside of a field, Error or not', () => {
    const { options } = masking()
    for (const thrown of [new TypeError('hunter2'), 'hunter2', undefined])
      expect(maskThrown(thrown, options)).toEqual({
        message: 'Something went wrong on our side.',
        extensions: { code: 'INTERNAL', requestId: 'req_1' },
      })
    expect(maskThrown(new Problem('UNAVAILABLE'), options).extensions).toEqual({ code: 'UNAVAILABLE' })
  })
})
