/** Signing in with a mail: a link that is opened anywhere, or a code that is typed where it was asked for. */
import { badInput, Problem } from '@latchkey/problem'
import { identifierLengthMax } from '../attempts/identifier.ts'
import type { Attempts } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import { lastingOf } from '../sessions/session.ts'
import { type FirstFactor, type GoOn, type Half, orGiveBack } from './first-factor.ts'
import type { MailCheck, MailVerdict } from './mail-check.ts'
import { factorsBesidesMail } from './pending.ts'
import type { Origin, Pendings } from './pendings.ts'
import type { StartedSession, TurnedAway } from './session-start.ts'
import { codeLengthMax } from './shown-factor.ts'

export interface MailSignInDependencies {
  readonly magicLinks: 'on' | 'off'
  readonly attempts: Pick<Attempts, 'ask' | 'takeAnonymous'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly mailCheck: MailCheck
  readonly pendings: Pick<Pendings, 'beginMail' | 'find' | 'identifierOf'>
  readonly goOn: GoOn
}

interface Lasts {
  /** Whether the session is to last as long as one of who is remembered. */
  readonly rememberMe?: boolean | null
}

export interface LinkInput extends Lasts {
  readonly token: string
}

export interface CodeInput extends Lasts {
  readonly challengeId: string
  readonly code: string
}

type Started = StartedSession | TurnedAway | Half | null

/** Each rejects with FORBIDDEN where signing in with a mail is switched off. */
export interface MailSignIn {
  /**
   * The same for every address. BAD_USER_INPUT for what is no address; RATE_LIMITED, with `retryAfterMs`, when its network asks
   * too much, and FORBIDDEN when it is banned.
   */
  request(
    input: { readonly email: string },
    origin: Origin,
    occasion: Occasion,
  ): Promise<{ readonly outcome: 'CHECK_YOUR_MAIL'; readonly challengeId: string }>
  /**
   * The first pair of a new session, or what is still asked for; null when refused. A wrong link counts at the network, as a wrong
   * code does. The tries of strangers at the password do not stop it: it is how a person gets in beside them.
   */
  withLink(input: LinkInput, origin: Origin, occasion: Occasion): Promise<Started>
  /** The same; of use to the client that asked for the mail, and five times for one mail. */
  withCode(input: CodeInput, origin: Origin, occasion: Occasion): Promise<Started>
}

/** Longer than any token. */
const tokenLengthMax = 64

export function createMailSignIn(dependencies: MailSignInDependencies): MailSignIn {
  const { attempts, loginAttempts, mailCheck, pendings, goOn } = dependencies

  function refuseWhenOff(): void {
    if (dependencies.magicLinks === 'on') return
    const message = 'Signing in with a mail is switched off here. Sign in with your password or a passkey.'
    throw new Problem('FORBIDDEN', 'LATCHKEY_MAGIC_LINKS is off', { message })
  }

  type Shown = Pick<FirstFactor, 'method' | 'attempt' | 'identifier' | 'lasting'>

  async function settle(verdict: MailVerdict, shown: Shown, origin: Origin, occasion: Occasion) {
    const asking = { ...origin, requestId: occasion.requestId }
    const factors = verdict.outcome === 'match' ? factorsBesidesMail(verdict.secondFactors) : null
    if (verdict.outcome === 'no match' || factors === null) {
      const userId = verdict.outcome === 'match' ? verdict.userId : verdict.namedUserId
      const { method, attempt, identifier } = shown
      const { id, at } = attempt
      await loginAttempts.record(
        { method, outcome: 'REFUSED', userId, id, at, ...(identifier && { identifier }) },
        asking,
      )
      return null
    }
    const { userId, sessionEpoch: epoch, sessionLimit: limit } = verdict
    return goOn({ ...shown, first: 'mca', userId, epoch, limit, factors }, origin, occasion)
  }

  return {
    async request({ email }, origin, { requestId }) {
      refuseWhenOff()
      if (email.trim().length > identifierLengthMax)
        throw badInput({ 'input.email': 'is longer than an address can be' })
      await attempts.ask(origin.address)
      const { reference } = await mailCheck.send(email, { ...origin, requestId })
      return {
        outcome: 'CHECK_YOUR_MAIL',
        challengeId: await pendings.beginMail({ reference, identifier: email }, origin),
      }
    },

    async withLink({ token, rememberMe }, origin, occasion) {
      refuseWhenOff()
      if (token.length > tokenLengthMax) return null
      const asking = { ...origin, requestId: occasion.requestId }
      const attempt = await attempts.takeAnonymous(origin.address)
      const verdict = await orGiveBack(attempt, mailCheck.checkLink(token, asking))
      return settle(verdict, { method: 'MAGIC_LINK', attempt, lasting: lastingOf(rememberMe) }, origin, occasion)
    },

    async withCode({ challengeId: id, code, rememberMe }, origin, occasion) {
      refuseWhenOff()
      if (code.length > codeLengthMax) throw badInput({ 'input.code': 'is longer than it can be' })
      const pending = await pendings.find(id, 'mail', origin)
      if (!pending) return null
      const asking = { ...origin, requestId: occasion.requestId }
      const identifier = pendings.identifierOf(id, pending)
      const attempt = await attempts.takeAnonymous(origin.address)
      const { reference } = pending
      const verdict = await orGiveBack(attempt, mailCheck.checkCode({ reference, code }, asking))
      return settle(
        verdict,
        { method: 'EMAIL_CODE', attempt, identifier, lasting: lastingOf(rememberMe) },
        origin,
        occasion,
      )
    },
  }
}
