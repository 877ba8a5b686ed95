/** Cookie mode: a browser keeps the tokens of a session where no script can read them (OWASP ASVS 3.3, RFC 6265bis). */
import { type Clock, dayMs, secondMs } from '@latchkey/clock'
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import type { ExecutionResult } from 'graphql'
import { isOfBadCookie } from './authenticate/session-cookie.ts'
import type { RunRequest } from './execute/run.ts'
import type { Sighting, WatchedTypes } from './execute/watched.ts'
import type { Executed, RequestHeaders } from './pipeline.ts'
import { protocolError } from './protocol-error.ts'

/** `x-latchkey-auth-mode: cookie` asks for it. */
export const authModeHeader = 'x-latchkey-auth-mode'

/** What an answer is searched for, by schema type: the client may call the way to it what it likes. */
export const watchedTypes: WatchedTypes = {
  SignedIn: {
    asks: ['accessToken', 'expiresAt', 'refreshToken', 'refreshExpiresAt', 'deviceToken'],
    withholds: ['accessToken', 'refreshToken', 'deviceToken'],
  },
  SignInRefused: { asks: [], withholds: [] },
  SignOutPayload: { asks: [], withholds: [] },
}

export interface SessionCookies {
  /** The access token that came as a cookie; `undefined`: none. Throws CREDENTIAL_REJECTED when several did. */
  accessTokenIn(headers: RequestHeaders): string | undefined
  /**
   * Whether the tokens of the answer go into cookies: the client asks for it, or came with cookies, so that a script gains
   * nothing by not asking. Throws BAD_REQUEST for an unknown mode.
   */
  isMode(headers: RequestHeaders): boolean
  /** Runs a change with the tokens that came besides the access token, and puts the tokens it answers into cookies instead. */
  carry(headers: RequestHeaders, change: Change, run: (change: Change) => Promise<ExecutionResult>): Promise<Executed>
  /**
   * What a browser is told after a refusal, as values of `Set-Cookie`: a cookie goes whose access token is not accepted. One that
   * is good stays, whatever else came with it. The refresh token may still bring the next one.
   */
  afterRefusal(thrown: unknown): readonly string[]
}

type Change = RunRequest & { readonly client: Client }

interface CookieOptions {
  /**
   * `host`: with the prefix `__Host-`, which browsers take over TLS only, from the very host and for all of it.
   * `loopback`: for plain HTTP on this machine, where not every browser takes a cookie that is Secure, and none takes the prefix
   * without it.
   */
  readonly names: 'host' | 'loopback'
  readonly clock: Clock
}

/** The access token also comes along when somebody follows a link to here; the others do not. */
const sameSite = { access: 'Lax', refresh: 'Strict', device: 'Strict' } as const
type Kind = keyof typeof sameSite

const plainNames: Readonly<Record<Kind, string>> = {
  access: 'latchkey',
  refresh: 'latchkey-refresh',
  device: 'latchkey-device',
}

/** As long as a device token is good for. */
const deviceSeconds = (180 * dayMs) / secondMs

export function createSessionCookies({ names, clock }: CookieOptions): SessionCookies {
  const nameOf = (kind: Kind) => (names === 'host' ? `__Host-${plainNames[kind]}` : plainNames[kind])
  const secure = names === 'host' ? '; Secure' : ''
  const write = (kind: Kind, value: string, seconds: number) =>
    `${nameOf(kind)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=${sameSite[kind]}${secure}`
  const cleared = (kind: Kind) => write(kind, '', 0)
  const secondsUntil = (time: unknown) => Math.floor((Date.parse(String(time)) - clock.now().getTime()) / secondMs)
  const kept = (kind: Kind, value: unknown, seconds: number) =>
    typeof value === 'string' && value !== '' && seconds > 0 ? [write(kind, value, seconds)] : []
  const single = (kind: Kind, headers: RequestHeaders) => {
    const [value, ...more] = valuesOf(nameOf(kind), headers)
    if (more.length > 0) throw new Problem('CREDENTIAL_REJECTED', `several cookies are called ${nameOf(kind)}`)
    return value
  }
  const carries = (headers: RequestHeaders) =>
    valuesOf(nameOf('access'), headers).length > 0 || valuesOf(nameOf('refresh'), headers).length > 0

  function afterOne({ type, field, values }: Sighting): readonly string[] {
    if (type === 'SignedIn') {
      return [
        ...kept('access', values.accessToken, secondsUntil(values.expiresAt)),
        ...kept('refresh', values.refreshToken, secondsUntil(values.refreshExpiresAt)),
        ...kept('device', values.deviceToken, deviceSeconds),
      ]
    }
    const isOver = type === 'SignOutPayload' || (type === 'SignInRefused' && field === 'Mutation.refreshSession')
    return isOver ? [cleared('access'), cleared('refresh')] : []
  }

  return {
    accessTokenIn: (headers) => single('access', headers),
    isMode(headers) {
      const asked = headers[authModeHeader]
      if (asked === undefined) return headers.cookie !== undefined && carries(headers)
      if (asked === 'cookie') return true
      throw protocolError('BAD_REQUEST', `The only value of ${authModeHeader} is \`cookie\`.`)
    },
    async carry(headers, change, run) {
      const sightings: Sighting[] = []
      const { deviceToken = single('device', headers) } = change.client
      const client = { ...change.client, deviceToken, refreshToken: single('refresh', headers) }
      const result = await run({ ...change, client, watch: (sighting) => sightings.push(sighting) })
      return { ...result, cookies: sightings.flatMap(afterOne) }
    },
    afterRefusal: (thrown) => (isOfBadCookie(thrown) ? [cleared('access')] : []),
  }
}

function valuesOf(name: string, { cookie }: RequestHeaders): readonly string[] {
  if (cookie === undefined) return []
  return String(cookie)
    .split(';')
    .flatMap((pair) => {
      const at = pair.indexOf('=')
      return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
    })
}
