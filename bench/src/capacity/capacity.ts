/** What a load asks of each part, and at which load each part is full. Pure: measured figures in, figures out. */

export interface Constants {
  readonly measured: string
  /** Of processor time. */
  readonly microseconds: {
    readonly gatewayEmbeddedSession: number
    readonly gatewayEmbeddedKey: number
    readonly gatewayDistributed: number
    readonly subgraphsDistributed: number
    readonly redisSession: number
    /** With what it spends. */
    readonly redisKey: number
    readonly postgresRequest: number
    readonly signIn: number
  }
  readonly redisBytes: { readonly session: number; readonly apiKey: number; readonly answerOfRequest: number }
  /** With their indexes. */
  readonly rowBytes: {
    readonly account: number
    readonly apiKey: number
    readonly attempt: number
    readonly auditRecord: number
    readonly usageMinute: number
    readonly usageHour: number
    readonly usageDay: number
  }
  readonly usageEventsPerSecond: number
  /** To Postgres. */
  readonly connectionsOfProcess: number
}

export interface Load {
  readonly requestsPerSecond: number
  /** Of the requests; the others come with a session. */
  readonly withKey: number
  readonly users: number
  readonly sessionsPerUser: number
  readonly keysPerUser: number
  /** Of the keys, in a minute, an hour and a day alike. */
  readonly keysInUse: number
  readonly signInsPerUserAndDay: number
}

/** How people use it, for each request a second. What is asked is `{ me { email sessions apiKeys } }` over three subgraphs. */
export const usualLoad = (requestsPerSecond: number): Load => ({
  requestsPerSecond,
  withKey: 0.3,
  users: requestsPerSecond * 1_000,
  sessionsPerUser: 1.5,
  keysPerUser: 0.1,
  keysInUse: 0.2,
  signInsPerUserAndDay: 0.2,
})

/** A part that is busier answers late whenever chance sends two at once. */
export const busyMax = 0.6
const secondsPerDay = 86_400
const perMicrosecond = 1e-6
/** As `.env.example` has them. */
export const keptDays = { attempts: 90, audit: 400, usageMinutes: 2, usageHours: 30, usageDays: 400 } as const
/** The peak of a day over its mean. */
const peak = 3

export interface Demand {
  readonly gatewayCores: number
  readonly gatewayCoresEmbedded: number
  readonly subgraphCores: number
  readonly signInsPerSecond: number
  readonly signInCores: number
  /** Of one core: Redis has one thread. */
  readonly redisBusy: number
  readonly redisMegabytesPerSecond: number
  readonly redisGigabytes: number
  readonly postgresCores: number
  readonly postgresRowsPerSecond: number
  readonly postgresGigabytes: number
  readonly connections: number
}

export function demandOf(load: Load, constants: Constants): Demand {
  const { microseconds, redisBytes, rowBytes, connectionsOfProcess } = constants
  const { requestsPerSecond: requests, withKey, users } = load
  const cores = (micros: number, perSecond: number) => (micros * perMicrosecond * perSecond) / busyMax
  const ofKind = (session: number, key: number) => session * (1 - withKey) + key * withKey
  const signIns = (users * load.signInsPerUserAndDay * peak) / secondsPerDay
  const keys = users * load.keysPerUser
  const gatewayCores = cores(microseconds.gatewayDistributed, requests)
  const subgraphCores = cores(microseconds.subgraphsDistributed, requests)
  const signInCores = cores(microseconds.signIn, signIns)
  const redisMicros = ofKind(microseconds.redisSession, microseconds.redisKey)
  const rows = rowsOf(load)
  return {
    gatewayCores,
    gatewayCoresEmbedded: cores(ofKind(microseconds.gatewayEmbeddedSession, microseconds.gatewayEmbeddedKey), requests),
    subgraphCores,
    signInsPerSecond: signIns,
    signInCores,
    redisBusy: redisMicros * perMicrosecond * requests,
    redisMegabytesPerSecond: (requests * redisBytes.answerOfRequest) / 1e6,
    redisGigabytes: (users * load.sessionsPerUser * redisBytes.session + keys * redisBytes.apiKey) / 1e9,
    postgresCores: cores(microseconds.postgresRequest, requests),
    postgresRowsPerSecond: (signIns / peak) * 2 + (keys * load.keysInUse) / 60,
    postgresGigabytes:
      (users * rowBytes.account +
        keys * rowBytes.apiKey +
        rows.attempts * rowBytes.attempt +
        rows.audit * rowBytes.auditRecord +
        rows.usageMinutes * rowBytes.usageMinute +
        rows.usageHours * rowBytes.usageHour +
        rows.usageDays * rowBytes.usageDay) /
      1e9,
    connections: Math.ceil(subgraphCores + signInCores) * connectionsOfProcess,
  }
}

/** That are kept. */
function rowsOf({ users, keysPerUser, keysInUse, signInsPerUserAndDay }: Load) {
  const signInsPerDay = users * signInsPerUserAndDay
  const busyKeys = users * keysPerUser * keysInUse
  return {
    attempts: signInsPerDay * keptDays.attempts,
    audit: signInsPerDay * keptDays.audit,
    usageMinutes: busyKeys * 60 * 24 * keptDays.usageMinutes,
    usageHours: busyKeys * 24 * keptDays.usageHours,
    usageDays: busyKeys * keptDays.usageDays,
  }
}

export interface Ceiling {
  readonly part: string
  readonly requestsPerSecond: number
  readonly remedy: string
}

/** Where a part of one machine is full: what is multiplied by starting more of it has no ceiling. Lowest first. */
export function ceilings(constants: Constants): readonly Ceiling[] {
  const one = demandOf(usualLoad(1), constants)
  const at = (most: number, share: number) => most / share
  const machine = { cores: 32, redisGigabytes: 64, networkMegabytes: 1_000, diskTerabytes: 4, connections: 500 }
  const found: Ceiling[] = [
    {
      part: 'one process that is everything (embedded)',
      requestsPerSecond: at(1, one.gatewayCoresEmbedded),
      remedy: 'start more of them behind a balancer, or the processes apart',
    },
    {
      part: 'the thread of one Redis',
      requestsPerSecond: at(busyMax, one.redisBusy),
      remedy: 'a Redis for each cell of people: see below',
    },
    {
      part: `the memory of one Redis (${machine.redisGigabytes} GB)`,
      requestsPerSecond: at(machine.redisGigabytes * busyMax, one.redisGigabytes),
      remedy: 'cells; or shorter idle times',
    },
    {
      part: 'the network of one Redis (10 Gbit/s)',
      requestsPerSecond: at(machine.networkMegabytes * busyMax, one.redisMegabytesPerSecond),
      remedy: 'cells',
    },
    {
      part: `connections of one Postgres (${machine.connections})`,
      requestsPerSecond: at(
        machine.connections,
        (one.subgraphCores + one.signInCores) * constants.connectionsOfProcess,
      ),
      remedy: 'PgBouncer between, by transaction',
    },
    {
      part: `the processors of one Postgres (${machine.cores})`,
      requestsPerSecond: at(machine.cores, one.postgresCores),
      remedy: 'a replica for lists; a database for each subgraph; cells',
    },
    {
      part: `the disk of one Postgres (${machine.diskTerabytes} TB)`,
      requestsPerSecond: at(machine.diskTerabytes * 1_000, one.postgresGigabytes),
      remedy: 'keep usage by the minute and attempts for less long; partitions',
    },
    {
      part: 'counting uses of keys (one stream)',
      requestsPerSecond: at(constants.usageEventsPerSecond * busyMax, usualLoad(1).withKey),
      remedy: 'a stream for each cell',
    },
  ]
  return found.sort((a, b) => a.requestsPerSecond - b.requestsPerSecond)
}

/** How long a request waits for a part that serves one after the other, in milliseconds (M/D/1). Endless when it is full. */
export const waitMs = (busy: number, serviceMicroseconds: number): number =>
  busy >= 1 ? Number.POSITIVE_INFINITY : (busy / (2 * (1 - busy))) * (serviceMicroseconds / 1_000)
