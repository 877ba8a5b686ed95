/** Which failures of the database mean "not now" and not "a fault of ours". */
import { setTimeout as pause } from 'node:timers/promises'
import { Problem } from '@latchkey/problem'

// Sockets and name resolution; then what Prisma makes of the same.
const unreachable = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'],
  ...['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections', 'TlsConnectionError'],
])

// SQLSTATE: lost connections, too few resources, shutdown, cancellation, failing disks, locks not granted in time, and a
// standby that takes no writes (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const sqlStates = /^(?:08...|53...|57P0[1-5]|57014|58...|55P03|25P0[34]|25006)$/

// What pg, its pool and `patient-connect.ts` say in words only.
const sayings =
  /^(?:the server cannot be asked|timeout exceeded when trying to connect|timeout expired|connection terminated|query read timeout|client has encountered a connection error|client was closed|cannot use a pool after calling end)/i

/** Prisma keeps the driver's own words here. */
interface PrismaFailure {
  readonly code?: unknown
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: { kind?: unknown; originalCode?: unknown } } }
}

function meansNotNow(error: Error & PrismaFailure): boolean {
  const cause = error.meta?.driverAdapterError?.cause
  const codes = [error.code, cause?.kind, cause?.originalCode].map(String)
  return codes.some((code) => unreachable.has(code) || sqlStates.test(code)) || sayings.test(error.message)
}

/** UNAVAILABLE when the database cannot answer just now; anything else is returned as it came. */
export function asProblem(error: unknown): unknown {
  if (error instanceof Problem || !(error instanceof Error) || !meansNotNow(error)) return error
  // Prisma's last line is the reason; those before it quote the call.
  const reason = error.message.trim().split('\n').at(-1) || error.name
  return new Problem('UNAVAILABLE', `database: ${reason}`, {}, { cause: error })
}

/** Rejects as `asProblem` says. */
export async function answered<Answer>(pending: PromiseLike<Answer>): Promise<Answer> {
  try {
    return await pending
  } catch (error) {
    throw asProblem(error)
  }
}

const isDeadlock = (error: unknown): boolean =>
  error instanceof Error && (error as Error & { code?: unknown }).code === '40P01'

const triesMax = 4
/** Whoever went on with what was let go is to have it before it is asked for again. */
const restMs = 25

/**
 * Two statements may lock the same rows the other way round. Postgres gives one of them up, and nothing of it was written
 * (SQLSTATE 40P01): it is asked again, a little later each time.
 */
export async function despiteDeadlock<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask()
    } catch (error) {
      if (tries === triesMax || !isDeadlock(error)) throw error
      await pause(tries * restMs)
    }
  }
}

/**
 * For the `catch` of a statement: `taken` when what it would have written is there already (SQLSTATE 23505), and nothing of it
 * was written; so the later of two statements fails that did not see each other. Anything else is thrown on.
 */
export function taken(error: unknown): 'taken' {
  if (error instanceof Error && (error as Error & { code?: unknown }).code === '23505') return 'taken'
  throw error
}
