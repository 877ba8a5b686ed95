/** What is said once everything is up: where it is, what to open, and the first operations to paste. */
import type { Config } from './config.ts'

export interface Place {
  readonly url: string
  readonly mode: Config['mode']
  /** How long it took. */
  readonly afterSeconds: number
}

const firstOperations = (url: string) => `
  Open ${url}/graphql in a browser for Apollo Sandbox, and paste:

    mutation { register(input: { email: "ada@example.com", password: "correct horse battery staple", displayName: "Ada" }) { outcome } }
    mutation { verifyEmail(input: { token: "…" }) { outcome } }        # the token is in the mail: ${url}/dev/mail
    mutation { signIn(input: { email: "ada@example.com", password: "correct horse battery staple" }) { ... on SignedIn { accessToken } } }

  then, with the header  Authorization: Bearer <accessToken>

    { me { id email sessions { id device } apiKeys { id name scopes } } }

  The first administrator:  npm run latchkey -- grant-role ada@example.com admin
  Ctrl-C stops it; its data stays.
`

export const welcome = ({ url, mode, afterSeconds }: Place): string =>
  `\n  Latchkey serves ${url}/graphql after ${afterSeconds.toFixed(1)} s.\n${mode === 'development' ? firstOperations(url) : ''}`
