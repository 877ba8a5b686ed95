/** START HERE. What happens to a request, whichever way it came in. */
import type { Principal } from '@latchkey/principal'
import type { ApiKeyRecord } from '@latchkey/principal/credential-records'
import type { Proviso } from '@latchkey/principal/proviso'
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import type { ExecutionResult } from 'graphql'
import type { Presented } from './authenticate/authenticate.ts'
import type { PermittedOperation } from './authorize/authorize.ts'
import type { Answer } from './respond/respond.ts'

/** As node:http gives them: names in lower case. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** A GraphQL request that http.ts has taken out of its wrapping. */
export interface GraphQLRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: RequestHeaders
  readonly query: string
  readonly operationName: string | undefined
  /** The registered id that the text was asked by. */
  readonly documentId?: string
  readonly variables: Readonly<Record<string, unknown>>
  /** One id from the edge to the last subgraph. */
  readonly requestId: string
  readonly client: Client
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
}

/** What execution gives, and what a browser is told besides: values of `Set-Cookie`. */
export interface Executed extends ExecutionResult {
  readonly cookies?: readonly string[]
}

/** Who asks, and what the gateway alone knows of their credential: no subgraph is told. */
export interface Caller {
  readonly principal: Principal
  /** The key they came with, and all that it is confined to. Absent: it was no key. */
  readonly key?: ApiKeyRecord
  /** When their session or key ends by itself, as it was read; a session that is used until then lasts longer. Absent: it does not. */
  readonly liveUntilMs?: number
}

/** Who asks by what was read before: nothing may be done for them until it is known that all of it still stands. */
export interface Recalled {
  readonly caller: Caller
  readonly key: ApiKeyRecord
  readonly proviso: Proviso
  /** To be called when that is known: they are let in. */
  confirmed(): void
}

/** `null`: they have to be authenticated. Nobody is asked. */
export type Recall = (headers: RequestHeaders, client: Client) => Recalled | null

/** What the caller's key may still spend. */
export interface Balance {
  /** Throws RATE_LIMITED, and then nothing was spent. `cost` is what the operation is reckoned to. */
  spend(cost: number): Promise<void>
  /** The same in the step that confirms who asks, with what `spend` would throw. `changed`: they were not confirmed, and nothing was spent. */
  spendIf(proviso: Proviso, cost: number): Promise<'spent' | 'changed' | Problem>
  /** The answer with what is left. Never rejects. */
  tell(answer: Answer): Answer | Promise<Answer>
}

/** The steps. Each is a folder; a step knows none of the others. */
export interface Steps<Plan> {
  /** Who comes with a key that was read before; nobody unless there is this. */
  recall?: Recall | undefined
  /** Who is asking? Rejects with CREDENTIAL_REJECTED rather than taking a bad credential for nobody. */
  authenticate(headers: RequestHeaders, client: Client, presented?: Presented): Promise<Caller>
  /** May this operation run at all? Only here is a `PermittedOperation` made. */
  authorize(request: GraphQLRequest, caller: Caller): PermittedOperation<Plan>
  /** Spends what it costs from what its caller may ask for. `null`: there is nothing to spend. Rejects with RATE_LIMITED. */
  afford?(operation: PermittedOperation<Plan>, request: GraphQLRequest): Promise<void> | null
  /** Asked of a caller with a key: spending is the last thing before anything is executed, so that a refused request costs nothing. */
  balanceOf(key: ApiKeyRecord): Balance
  /**
   * Calls `work` when it is this request's turn. Rejects with UNAVAILABLE where too many wait, and for a client that has gone before:
   * then nothing was spent, and nothing begun.
   */
  inTurn<Result>(
    operation: PermittedOperation<Plan>,
    request: GraphQLRequest,
    work: () => Promise<Result>,
  ): Promise<Result>
  /** Asks the subgraphs; `asked` takes their names, each once. */
  execute(operation: PermittedOperation<Plan>, request: GraphQLRequest, asked: string[]): Promise<Executed>
  /** What leaves the building. */
  respond(result: Executed, request: GraphQLRequest): Answer
  /** What leaves it when a step refused. */
  refuse(thrown: unknown, request: Pick<GraphQLRequest, 'requestId'> & Partial<GraphQLRequest>): Answer
}

/** How a request ended: with what execution gave, or with what a step threw; and who asked, once that was known. */
export interface Ending {
  readonly caller?: Caller | undefined
  readonly result?: Executed
  readonly thrown?: unknown
  /** The subgraphs that were asked, by name and each once. */
  readonly asked: readonly string[]
}

/** Told of every request once it is decided. Must neither throw nor take time. */
export type Witness = (request: GraphQLRequest, ending: Ending, tookMs: number) => void

/** Never rejects. */
export type Pipeline = (request: GraphQLRequest) => Promise<Answer>

/** What became of a request so far. */
interface Course {
  caller: Caller | undefined
  balance: Balance | undefined
  readonly asked: string[]
}

/** Every request takes these steps in this order; who comes without a key spends nothing. A witness may look on. */
export function createPipeline<Plan>(steps: Steps<Plan>, witness: Witness = () => {}): Pipeline {
  const { respond, refuse } = steps
  const take = createSteps(steps)
  return async (request) => {
    const begunMs = performance.now()
    const course: Course = { caller: undefined, balance: undefined, asked: [] }
    try {
      const result = await take(request, course)
      witness(request, { caller: course.caller, result, asked: course.asked }, performance.now() - begunMs)
      return told(respond(result, request), course.balance)
    } catch (thrown) {
      witness(request, { caller: course.caller, thrown, asked: course.asked }, performance.now() - begunMs)
      return told(refuse(thrown, request), course.balance)
    }
  }
}

/**
 * Who is recalled is authorized by what was read before and confirmed in the step that spends: whatever has changed by then, nothing
 * was done, and the steps are taken from the first. So are they where the recalled would be refused: what is read now decides.
 */
function createSteps<Plan>(steps: Steps<Plan>) {
  const { recall, authenticate, authorize, afford, balanceOf, inTurn, execute } = steps

  // `afford` has no part in it: a key pays by limits of its own, and those are what it spends from.
  const executeConfirmed = (
    operation: PermittedOperation<Plan>,
    { caller, key, proviso, confirmed }: Recalled,
    request: GraphQLRequest,
    course: Course,
  ): Promise<Executed | 'changed'> =>
    inTurn(operation, request, async () => {
      requireClient(request)
      const balance = balanceOf(key)
      const spent = await balance.spendIf(proviso, operation.cost)
      if (spent === 'changed') return spent
      confirmed()
      course.caller = caller
      course.balance = balance
      if (spent !== 'spent') throw spent
      return execute(operation, request, course.asked)
    })

  const executePaid = (operation: PermittedOperation<Plan>, request: GraphQLRequest, { balance, asked }: Course) =>
    inTurn(operation, request, async () => {
      const affording = afford?.(operation, request)
      if (affording) await affording
      if (balance) await spend(balance, request, operation.cost)
      return execute(operation, request, asked)
    })

  return async (request: GraphQLRequest, course: Course): Promise<Executed> => {
    const recalled = recall?.(request.headers, request.client)
    const before = recalled && judged(() => authorize(request, recalled.caller))
    if (before && 'value' in before) {
      const result = await executeConfirmed(before.value, recalled, request, course)
      if (result !== 'changed') return result
    }
    const caller = await authenticate(request.headers, request.client)
    course.caller = caller
    if (caller.key) course.balance = balanceOf(caller.key)
    // Of the same caller the same would be said, and counted, again.
    if (before && 'thrown' in before && caller === recalled?.caller) throw before.thrown
    return executePaid(authorize(request, caller), request, course)
  }
}

function judged<Value>(judge: () => Value): { readonly value: Value } | { readonly thrown: unknown } {
  try {
    return { value: judge() }
  } catch (thrown) {
    return { thrown }
  }
}

/** Whoever has gone before spends nothing; whatever is spent for is executed. */
async function spend(balance: Balance, request: GraphQLRequest, cost: number): Promise<void> {
  requireClient(request)
  await balance.spend(cost)
}

/** Throws UNAVAILABLE for whoever has gone: nothing is spent for them. */
export function requireClient({ signal }: Pick<GraphQLRequest, 'signal'>): void {
  if (signal.aborted) throw new Problem('UNAVAILABLE', 'the client left before anything was spent')
}

const told = (answer: Answer, balance: Balance | undefined) => (balance ? balance.tell(answer) : answer)
