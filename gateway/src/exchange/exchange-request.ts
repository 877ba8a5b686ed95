/** What a router asks: envelopes for which subgraphs, and for which operation. */
import { badInput } from '@latchkey/problem'
import { type Operation, readOperation } from '../http/operation.ts'
import { isRecord } from '../http/request-body.ts'
import { shorten } from '../protocol-error.ts'

export interface ExchangeRequest {
  /** Names of subgraphs, each once. */
  readonly audiences: readonly string[]
  /** `null`: the router does not say what its client asks. */
  readonly operation: Operation | null
}

/** More subgraphs than any supergraph that was seen. */
const audiencesMax = 100
const shownMax = 40

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= audiencesMax &&
  value.every((name) => typeof name === 'string')

/** Throws BAD_USER_INPUT that names every member that is wrong. `known`: those that envelopes are sealed for. */
export function readExchangeRequest(body: unknown, known: ReadonlySet<string>): ExchangeRequest {
  const sent = isRecord(body) ? body : {}
  const saysOperation = ['query', 'operationName', 'variables', 'extensions'].some((name) => sent[name] !== undefined)
  const operation = saysOperation ? readOperation(sent) : null
  const wrong = {
    ...wrongAudiences(sent.audiences, known),
    ...(saysOperation && !operation && { query: operationExpected }),
  }
  if (Object.keys(wrong).length > 0) throw badInput(wrong)
  return { audiences: isNames(sent.audiences) ? [...new Set(sent.audiences)] : [], operation }
}

const operationExpected =
  'must be the text of the operation, with its `operationName` and `variables` as they are sent to /graphql'

function wrongAudiences(audiences: unknown, known: ReadonlySet<string>) {
  if (!isNames(audiences)) return { audiences: `must be 1 to ${audiencesMax} names of subgraphs` }
  const stranger = audiences.find((name) => !known.has(name))
  return stranger === undefined
    ? {}
    : {
        audiences: `must name subgraphs of the supergraph; "${shorten(stranger, shownMax)}" is none that asks for an envelope`,
      }
}
