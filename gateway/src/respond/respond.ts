/** What leaves the building: data, errors with a code from the closed list, and the status that goes with them. */
import { isProblemCode, Problem, problems } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { type ExecutionResult, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { HttpTerms } from '../protocol-error.ts'

/** An answer that http.ts only has to write. */
export interface Answer {
  readonly status: number
  /** Besides those that every answer carries. */
  readonly headers: Readonly<Record<string, string>>
  readonly result: FormattedExecutionResult
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[]
}

/** The request, as far as its answer names it. */
interface Asked {
  readonly requestId: string
  /** Aborted: nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

const noHeaders: Answer['headers'] = Object.freeze({})

/** The text of an answer. Errors come first, as the specification recommends (7.1). */
export const writeResult = ({ errors, data, extensions }: FormattedExecutionResult): string =>
  JSON.stringify({ errors, data, extensions })

export function createRespond(logger: Logger) {
  const formatOf = createFormat(logger)
  return {
    /** A result of execution: 200, and a refusal's own status where nothing was executed. */
    respond(result: ExecutionResult, asked: Asked): Answer {
      const { data, errors, extensions } = result
      if (errors === undefined || errors.length === 0) {
        const shown = data ?? null
        return { status: 200, headers: noHeaders, result: extensions ? { data: shown, extensions } : { data: shown } }
      }
      const formatted = errors.map(formatOf(asked))
      if (data !== undefined)
        return {
          status: 200,
          headers: noHeaders,
          result: { errors: formatted, data, ...(extensions && { extensions }) },
        }
      return { ...termsOf(errors[0]), result: { errors: formatted } }
    },
    /** Whatever a step threw. What was not written for the caller is logged whole and shown as INTERNAL. */
    refuse(thrown: unknown, asked: Asked): Answer {
      const errors: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [thrown]
      return { ...termsOf(errors[0]), result: { errors: errors.map(formatOf(asked)) } }
    },
  }
}

/** What operators hear of, besides what they can count: faults of ours, parts that fail, and callers who are refused (ASVS 16.3). */
const logLevels: Readonly<Record<string, 'error' | 'warn' | 'info'>> = {
  INTERNAL: 'error',
  UNAVAILABLE: 'warn',
  CREDENTIAL_REJECTED: 'info',
  FORBIDDEN: 'info',
}

/** What is refused because of who asks, or of how much: a judgement that may be asked about, by the id of the request. */
const judgements = new Set<unknown>([
  'UNAUTHENTICATED',
  'CREDENTIAL_REJECTED',
  'FORBIDDEN',
  'STEP_UP_REQUIRED',
  'RATE_LIMITED',
  'OPERATION_TOO_COSTLY',
])

interface Told {
  readonly level: 'error' | 'warn' | 'info' | undefined
  readonly err: unknown
  readonly code: string
  readonly requestId: string
}

function createFormat(logger: Logger) {
  return ({ requestId, signal }: Asked) => {
    // What is withheld from every object of a list is one refusal.
    const told = new Set<unknown>()
    return (error: unknown): GraphQLFormattedError => {
      const shown = formatError(error)
      const code = String(shown.extensions?.code)
      // Whatever was cut short because the client left did not fail.
      const level = signal?.aborted && code === 'UNAVAILABLE' ? undefined : logLevels[code]
      const err = error instanceof GraphQLError ? (error.originalError ?? error) : error
      if (!told.has(err)) tell({ level, err, code, requestId })
      told.add(err)
      if (code === 'INTERNAL') return { ...shown, extensions: { ...shown.extensions, requestId } }
      return judgements.has(code) ? { ...shown, extensions: { ...shown.extensions, decisionId: requestId } } : shown
    }
  }

  function tell({ level, err, code, requestId }: Told): void {
    if (level === 'error' || level === 'warn') logger[level]({ err, code, requestId }, 'a request failed')
    else if (judgements.has(code)) {
      const detail = err instanceof Problem ? err.detail : undefined
      logger[level ?? 'debug']({ code, detail, requestId, decisionId: requestId }, 'refused')
    }
  }
}

/** Whatever was not written for the caller is INTERNAL. */
function formatError(error: unknown): GraphQLFormattedError {
  if (error instanceof Problem) return { message: error.message, extensions: error.extensions }
  if (!(error instanceof GraphQLError)) return { message: problems.INTERNAL.message, extensions: { code: 'INTERNAL' } }
  const { http: _, ...extensions } = error.extensions
  return { ...error.toJSON(), extensions: { ...extensions, code: extensions.code ?? 'INTERNAL' } }
}

/** Status and headers of a request that was refused before anything ran. */
function termsOf(error: unknown): Pick<Answer, 'status' | 'headers'> {
  if (error instanceof Problem) return { status: error.status, headers: headersOf(error) }
  if (!(error instanceof GraphQLError)) return { status: problems.INTERNAL.status, headers: noHeaders }
  const http = error.extensions.http as HttpTerms | undefined // set by protocol-error.ts alone
  if (http) return { status: http.status, headers: http.headers ?? noHeaders }
  const { code } = error.extensions
  if (code === 'GRAPHQL_VALIDATION_FAILED') return { status: 400, headers: noHeaders } // it could not be planned
  return { status: isProblemCode(code) ? problems[code].status : problems.INTERNAL.status, headers: noHeaders }
}

/** RFC 9110, sections 11.6.1 and 10.2.3; RFC 6750, section 3. */
function headersOf({ code, facts }: Problem): Record<string, string> {
  if (code === 'UNAUTHENTICATED') return { 'www-authenticate': 'Bearer' }
  if (code === 'CREDENTIAL_REJECTED') return { 'www-authenticate': 'Bearer error="invalid_token"' }
  if (facts.retryAfterMs === undefined) return noHeaders
  return { 'retry-after': String(Math.ceil(facts.retryAfterMs / 1_000)) }
}
