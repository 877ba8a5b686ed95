/** Logs: one JSON line an event, with the id of the request, and nothing that is secret. */
import { type DestinationStream, type Logger, pino } from 'pino'
import { traceIdNow } from './traces.ts'

export type { Logger }

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/** Whatever carries one of these names is written as `[redacted]`, up to three levels down (ASVS 16.2.5). */
const secretNames = [
  'password',
  'currentPassword',
  'newPassword',
  'token',
  'accessToken',
  'refreshToken',
  'deviceToken',
  'secret',
  'authorization',
  '["x-api-key"]',
  '["x-latchkey-device"]',
  '["latchkey-principal"]',
  'cookie',
  'email',
]

const paths = secretNames.flatMap((name) => {
  const below = name.startsWith('[') ? name : `.${name}`
  return [name, `*${below}`, `*.*${below}`]
})

const whichTrace = (): object => {
  const traceId = traceIdNow()
  return traceId ? { traceId } : {}
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** Which part speaks: `gateway`, `users`, … */
  readonly service: string
  /** Where the lines go; standard output unless said. */
  readonly destination?: DestinationStream
}

/** Times are UTC; line breaks in values are escaped by JSON (ASVS 16.4.1). */
export function createLogger({ level, service, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: whichTrace,
    redact: { paths, censor: '[redacted]' },
  }
  return destination ? pino(options, destination) : pino(options)
}

/** Says nothing: for tests. */
export const silentLogger: Logger = pino({ level: 'silent' })
