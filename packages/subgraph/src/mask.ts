/** What leaves a process when something failed: a Problem as it is, a fault of ours without a word of it. */
import { Problem, problems } from '@latchkey/problem'
import type { Logger } from '@latchkey/telemetry'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'

export interface MaskOptions {
  readonly requestId: string
  readonly logger: Logger
}

/**
 * A Problem keeps its message, code and facts; its detail goes to the log. GraphQL's own complaints about the caller's document,
 * variables or arguments pass. Anything else is a fault: logged whole, shown as INTERNAL with the request id (ASVS 16.5.1).
 */
export function maskError(error: GraphQLError, options: MaskOptions): GraphQLFormattedError {
  const thrown: unknown = error.originalError
  if (thrown instanceof Problem && thrown.code !== 'INTERNAL') return passProblem(error, thrown, options)
  if (isAboutTheDocument(error)) return passComplaint(error)
  options.logger.error({ err: thrown ?? error, path: error.path, requestId: options.requestId }, 'an operation failed')
  return {
    message: problems.INTERNAL.message,
    ...where(error),
    extensions: { code: 'INTERNAL', requestId: options.requestId },
  }
}

/** The same for what was thrown outside of any field. */
export const maskThrown = (thrown: unknown, options: MaskOptions): GraphQLFormattedError =>
  maskError(
    thrown instanceof GraphQLError
      ? thrown
      : new GraphQLError('', { originalError: thrown instanceof Error ? thrown : new Error(String(thrown)) }),
    options,
  )

function passProblem(error: GraphQLError, problem: Problem, { requestId, logger }: MaskOptions): GraphQLFormattedError {
  const facts = { code: problem.code, detail: problem.detail, path: error.path, requestId }
  if (problem.code === 'UNAVAILABLE') logger.info({ ...facts, err: problem }, 'unavailable')
  else logger.debug(facts, 'refused')
  return { message: problem.message, ...where(error), extensions: problem.extensions }
}

// Errors with a path arose while executing. Of these only a bad argument is the caller's doing; the others (a null where none may be,
// a value its type cannot express) are ours, and their messages quote values.
const isAboutTheDocument = (error: GraphQLError): boolean =>
  (error.originalError === undefined || error.originalError instanceof GraphQLError) &&
  (error.path === undefined || error.message.startsWith('Argument "'))

const passComplaint = (error: GraphQLError): GraphQLFormattedError => ({
  message: error.message,
  ...where(error),
  extensions: { ...error.extensions, code: error.extensions?.code ?? 'BAD_USER_INPUT' },
})

const where = ({ path, locations }: GraphQLError): Pick<GraphQLFormattedError, 'path' | 'locations'> => ({
  ...(locations && { locations }),
  ...(path && { path }),
})
