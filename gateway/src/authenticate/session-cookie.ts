/** The session cookie: an access token that a browser sends by itself. */
import type { RequestHeaders } from '../pipeline.ts'
import type { Recogniser } from './authenticate.ts'

interface CookieDependencies {
  /** `undefined`: none came. Throws CREDENTIAL_REJECTED when it cannot be told which one counts. */
  readonly accessTokenIn: (headers: RequestHeaders) => string | undefined
  /** Whose a bearer token is. */
  readonly recognise: Recogniser
}

/** A token is judged alike wherever it came from. */
export const createCookieRecogniser =
  ({ accessTokenIn, recognise }: CookieDependencies): Recogniser =>
  (headers, client) => {
    const token = headers.cookie === undefined ? undefined : accessTokenIn(headers)
    return token === undefined ? null : recognise({ authorization: `Bearer ${token}` }, client)
  }
