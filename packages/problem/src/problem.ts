/** The closed list of failures a caller can act on. */

interface ProblemDescription {
  /** The HTTP status when the request is refused before anything ran; a field's refusal travels in a 200. */
  readonly status: number
  /** What the caller is told: never a name, an id or a reason that was not theirs to know. */
  readonly message: string
  readonly cause: string
  readonly remedy: string
}

export const problems = {
  UNAUTHENTICATED: {
    status: 401,
    message: 'Sign in to ask this.',
    cause: 'The request carries no credential, and what it asks for needs one.',
    remedy: 'Send an access token (`Authorization: Bearer …`) or an API key (`x-api-key: lk_…`).',
  },
  CREDENTIAL_REJECTED: {
    status: 401,
    message: 'This credential is not accepted.',
    cause: 'The token or key is malformed, forged, expired, revoked, or meant for someone else.',
    remedy:
      'Refresh the session or sign in again; for a key, create or rotate it. Without any credential the request is anonymous.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'You may not ask this.',
    cause: 'You are known, but the role or the scopes you hold do not cover what was asked.',
    remedy: 'Ask an administrator for the role, or use a key that carries the scope named in the schema.',
  },
  STEP_UP_REQUIRED: {
    status: 403,
    message: 'Prove again that it is you.',
    cause: 'The operation needs a stronger or a more recent sign-in than this session has.',
    remedy:
      'Call `stepUp` with one of the `factors`, for the `assurance` that is named, and repeat the operation with the new token.',
  },
  RATE_LIMITED: {
    status: 429,
    message: 'Too many requests. Wait before the next one.',
    cause: 'The budget of this address or credential is used up.',
    remedy: 'Wait for `retryAfterMs` milliseconds (the `Retry-After` header says it in seconds).',
  },
  BAD_USER_INPUT: {
    status: 400,
    message: 'The input is not valid.',
    cause: 'An argument has a value that its field does not accept; `fields` names each.',
    remedy: 'Correct the named fields and send the operation again.',
  },
  OPERATION_TOO_COSTLY: {
    status: 400,
    message: 'This operation is larger than allowed.',
    cause: 'It exceeds a limit on depth, aliases, root fields, tokens, directives, size or planned cost.',
    remedy: 'Ask for less at once, or split the operation.',
  },
  UNAVAILABLE: {
    status: 503,
    message: 'Not available just now.',
    cause: 'A part that is needed for a safe answer is overloaded or cannot be reached.',
    remedy: 'Try again in a moment. Nothing was changed.',
  },
  INTERNAL: {
    status: 500,
    message: 'Something went wrong on our side.',
    cause: 'A fault of ours. It is in the log under the request id.',
    remedy: 'Report the request id (`x-request-id`).',
  },
  NOT_FOUND: {
    status: 404,
    message: 'There is no such thing, or it is not yours.',
    cause: 'The id is unknown, belongs to someone else, or is deleted; these read the same on purpose.',
    remedy: 'Check the id among your own.',
  },
  CONFLICT: {
    status: 409,
    message: 'It has changed in the meantime.',
    cause: 'The change was made against a state that is no longer the current one.',
    remedy: 'Read it again and repeat the change.',
  },
} as const satisfies Record<string, ProblemDescription>

export type ProblemCode = keyof typeof problems

/** What goes to the caller besides the code. */
export interface ProblemFacts {
  /** Milliseconds until it is worth trying again (RATE_LIMITED, UNAVAILABLE). */
  readonly retryAfterMs?: number
  /** For BAD_USER_INPUT: the argument's path (`input.email`) and what is wrong with it. */
  readonly fields?: Readonly<Record<string, string>>
  /** For STEP_UP_REQUIRED: how strong the proof must be, and how old it may be at most; `null`: of any age. */
  readonly assurance?: { readonly level: 'AAL1' | 'AAL2'; readonly maxAgeSeconds: number | null }
  /** For STEP_UP_REQUIRED: what would do, the strongest first. */
  readonly factors?: readonly string[]
  /** For OPERATION_TOO_COSTLY: what it would cost, and what one may. */
  readonly cost?: number
  readonly costMax?: number
  /** For an API key that is refused: why, in one word, such as `ACL_DENIED`. */
  readonly reason?: string
  /** Replaces the code's general message where it can say more without telling a secret. */
  readonly message?: string
}

/** A failure written for the caller. `detail` is for the log only. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly facts: ProblemFacts

  constructor(code: ProblemCode, detail?: string, facts: ProblemFacts = {}, options?: ErrorOptions) {
    super(facts.message ?? problems[code].message, options)
    this.name = 'Problem'
    this.code = code
    this.detail = detail
    this.facts = facts
  }

  /** The HTTP status when the whole request is refused with this. */
  get status(): number {
    return problems[this.code].status
  }

  /** graphql-js copies this onto the wire error, so that the domain never imports graphql. */
  get extensions(): Record<string, unknown> {
    const { message: _, ...facts } = this.facts
    return { code: this.code, ...facts }
  }
}

export const isProblemCode = (code: unknown): code is ProblemCode =>
  typeof code === 'string' && Object.hasOwn(problems, code)

/** BAD_USER_INPUT that names each wrong argument. */
export const badInput = (fields: Readonly<Record<string, string>>): Problem =>
  new Problem('BAD_USER_INPUT', Object.keys(fields).join(', '), { fields })

/** STEP_UP_REQUIRED that says what would do. */
export const stepUpRequired = (facts: Required<Pick<ProblemFacts, 'assurance' | 'factors'>>): Problem =>
  new Problem('STEP_UP_REQUIRED', undefined, facts)
