/** What is told of uses of keys. */

/** What points are told by. */
export type Grouping = 'NONE' | 'OPERATION' | 'COORDINATE' | 'OUTCOME' | 'SUBGRAPH'

export interface Figures {
  readonly requests: number
  /** Answered with an error. */
  readonly errors: number
  /** Refused. */
  readonly denied: number
  readonly latency: readonly number[]
}

export interface UsagePoint extends Figures {
  readonly at: Date
  /** `null` where nothing is told apart. */
  readonly group: string | null
}

export interface OperationUsage extends Figures {
  readonly operation: string
}

export interface Denial {
  readonly reason: string
  readonly operation: string
  readonly requests: number
  /** The beginning of the hour or day of the last one. */
  readonly lastAt: Date
}
