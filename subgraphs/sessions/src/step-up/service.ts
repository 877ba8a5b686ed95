/** Stepping up: somebody who is signed in proves once more who they are. */
import type { Clock } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import type { Attempts, Try } from '../attempts/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginMethod, LoginOutcome } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import type { Sessions } from '../sessions/service.ts'
import type { FactorCheck, Means, ShownFactor } from '../sign-in/factor-check.ts'
import type { PasswordCheck } from '../sign-in/password-check.ts'
import type { Origin, Pendings } from '../sign-in/pendings.ts'
import type { Started } from '../sign-in/second-factor.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import { isWorth, parseProof, raiseBy, type StepUpInput, type TypedProof } from './step-up.ts'

export interface StepUpDependencies {
  readonly pendings: Pick<Pendings, 'beginStepUp' | 'takeChallenge'>
  readonly attempts: Pick<Attempts, 'take' | 'takeFactor'>
  readonly loginAttempts: Pick<LoginAttempts, 'record'>
  readonly checkPassword: PasswordCheck
  readonly factorCheck: Pick<FactorCheck, 'check' | 'means' | 'passkeyOptions' | 'sendEmailCode'>
  readonly sessions: Pick<Sessions, 'current' | 'prove'>
  readonly tokens: Pick<Tokens, 'reissue'>
  readonly clock: Clock
}

export interface StepUps {
  /** Asks for what a passkey has to sign, or has a code sent; the session waits for it for five minutes. */
  start(factor: 'PASSKEY' | 'EMAIL_CODE', person: UserPrincipal, origin: Origin, occasion: Occasion): Promise<Started>
  /**
   * The pair of tokens that carries the new proof; null when refused, for whatever reason. It takes a try as signing in does,
   * and when there is none left nothing is evaluated. BAD_USER_INPUT unless there is exactly one proof.
   */
  complete(input: StepUpInput, person: UserPrincipal, origin: Origin, occasion: Occasion): Promise<TokenPair | null>
}

/** Of no account, and shorter than any password: so that nothing is evaluated, at the price of a check. */
const nobody = { userId: 'usr_nobody', password: '' }

const methodOf = (by: TypedProof['by']): LoginMethod => (by === 'PASSWORD' || by === 'PASSKEY' ? by : 'SECOND_FACTOR')

/** How one kind of proof is tried and looked at. */
interface Trial {
  readonly take: () => Promise<Try | null>
  readonly check: () => Promise<boolean>
  /** As much work as the check, on nothing. */
  readonly pretend: () => Promise<unknown>
}

export function createStepUps(dependencies: StepUpDependencies): StepUps {
  const { pendings, attempts, loginAttempts, checkPassword, factorCheck, sessions, tokens, clock } = dependencies

  const trialOfPassword = (password: string, { email }: Means, { userId }: UserPrincipal, asking: Asked): Trial => ({
    take: () => attempts.take(email, asking.address),
    check: async () => {
      const verdict = await checkPassword({ email, password }, asking.requestId)
      return verdict.outcome === 'match' && verdict.userId === userId
    },
    pretend: () => checkPassword({ email, password: nobody.password }, asking.requestId),
  })

  function trialOfFactor(shown: ShownFactor, { userId, sessionId: reference }: UserPrincipal, asking: Asked): Trial {
    return {
      take: () => attempts.takeFactor(userId),
      check: async () => {
        const verdict = await factorCheck.check({ userId, reference, shown }, asking)
        return verdict.outcome === 'match' && verdict.userId === userId
      },
      pretend: () => factorCheck.check({ userId: nobody.userId, reference, shown }, asking),
    }
  }

  /** A challenge is worth one answer, right or wrong. */
  async function trialOf({ by, text }: TypedProof, means: Means, person: UserPrincipal, asking: Asked): Promise<Trial> {
    if (by === 'PASSWORD') return trialOfPassword(text, means, person, asking)
    if (by !== 'PASSKEY') return trialOfFactor({ factor: by, text }, person, asking)
    const challenge = (await pendings.takeChallenge(person.sessionId)) ?? ''
    return trialOfFactor({ factor: by, proof: { challenge, response: text } }, person, asking)
  }

  /** A check that did not take place leaves the try untouched: an outage must not lock anybody out. */
  async function judge({ take, check, pretend }: Trial): Promise<LoginOutcome> {
    const attempt = await take()
    if (!attempt) {
      await pretend()
      return 'LOCKED'
    }
    const isRight = await check().catch(async (failure: unknown) => {
      await attempt.giveBack()
      throw failure
    })
    if (isRight) await attempt.succeed()
    return isRight ? 'STEPPED_UP' : 'REFUSED'
  }

  return {
    async start(factor, person, origin, { requestId }) {
      const asking = { ...origin, requestId }
      const { userId, sessionId } = person
      const [means, session] = await Promise.all([factorCheck.means(userId, asking), sessions.current(person)])
      if (!means || !session || !isWorth(factor, means.factors, session)) return { outcome: 'REFUSED', options: null }
      if (factor === 'EMAIL_CODE') {
        const sent = await factorCheck.sendEmailCode({ userId, reference: sessionId, purpose: 'STEP_UP' }, asking)
        return { outcome: sent === 'SENT' ? 'STARTED' : 'REFUSED', options: null }
      }
      const challenge = await pendings.beginStepUp(sessionId, origin)
      return { outcome: 'STARTED', options: await factorCheck.passkeyOptions({ challenge, userId }, asking) }
    },

    async complete(input, person, origin, occasion) {
      const typed = parseProof(input)
      const asking = { ...origin, requestId: occasion.requestId }
      const record = (outcome: LoginOutcome) =>
        loginAttempts.record({ method: methodOf(typed.by), outcome, userId: person.userId }, asking)
      const [means, session] = await Promise.all([factorCheck.means(person.userId, asking), sessions.current(person)])
      if (!means || !session || !isWorth(typed.by, means.factors, session)) {
        await record('REFUSED')
        return null
      }
      const outcome = await judge(await trialOf(typed, means, person, asking))
      await record(outcome)
      if (outcome !== 'STEPPED_UP') return null
      const raised = raiseBy(typed.by, session, clock.now().getTime())
      const proved = await sessions.prove(session, { by: typed.by, raised }, occasion)
      return proved && tokens.reissue(proved.session, proved.counter)
    },
  }
}

interface Asked extends Origin {
  readonly requestId: string
}
