/** The session cookie: an access token that a browser sends by itself. */
import { Problem } from '@latchkey/problem'
import type { Client } from '@latchkey/subgraph/transport'
import type { RequestHeaders } from '../pipeline.ts'
import type { Presented, Recogniser } from './authenticate.ts'

interface CookieDependencies {
  /** `undefined`: none came. Throws CREDENTIAL_REJECTED when it cannot be told which one counts. */
  readonly accessTokenIn: (headers: RequestHeaders) => string | undefined
  /** Whose a bearer token is. */
  readonly recognise: Recogniser
}

const badCookies = new WeakSet<object>()

/** Whether the cookie itself was refused, and not what came beside it. */
export const isOfBadCookie = (thrown: unknown): boolean => thrown instanceof Problem && badCookies.has(thrown)

/** One of its own for each refusal: that of a token may be shared by everybody who sends it. */
function ofBadCookie(thrown: unknown): unknown {
  if (!(thrown instanceof Problem) || thrown.code !== 'CREDENTIAL_REJECTED') return thrown
  const problem = new Problem(thrown.code, thrown.detail, thrown.facts, { cause: thrown })
  badCookies.add(problem)
  return problem
}

/** A token is judged alike wherever it came from. */
export function createCookieRecogniser({ accessTokenIn, recognise }: CookieDependencies): Recogniser {
  async function judge(headers: RequestHeaders, ...how: [Client | undefined, Presented | undefined]) {
    try {
      const token = accessTokenIn(headers)
      return token === undefined ? null : await recognise({ authorization: `Bearer ${token}` }, ...how)
    } catch (thrown) {
      throw ofBadCookie(thrown)
    }
  }
  return (headers, client, presented) => (headers.cookie === undefined ? null : judge(headers, client, presented))
}
