import { expect, it } from 'vitest'
import { createLogger } from './telemetry.ts'

function written(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = []
  write(createLogger({ level: 'info', service: 'users', destination: { write: (line) => lines.push(line) } }))
  return lines.join('')
}

it('writes one JSON line an event, with the time in UTC and who speaks', () => {
  const line = JSON.parse(written((logger) => logger.info({ requestId: 'r1' }, 'signed in')))
  expect(line).toMatchObject({ level: 'info', service: 'users', requestId: 'r1', msg: 'signed in' })
  expect(line.time).toMatch(/Z$/)
})

it('never writes a secret, also two levels down', () => {
  const text = written((logger) =>
    logger.info({
      password: 'p4ss',
      input: { refreshToken: 'p4ss' },
      a: { b: { secret: 'p4ss' } },
      headers: { 'x-api-key': 'p4ss', authorization: 'p4ss' },
    }),
  )
  expect(text).not.toContain('p4ss')
  expect(text).toContain('[redacted]')
})

it('keeps a line break inside a value on its line', () => {
  expect(
    written((logger) => logger.info({ device: 'a\n{"level":"error"}' }))
      .trim()
      .split('\n'),
  ).toHaveLength(1)
})
