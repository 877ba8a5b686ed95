/** Stepping up: somebody who is signed in proves once more who they are. */
import type { Clock } from '@latchkey/clock'
import type { UserPrincipal } from '@latchkey/principal'
import type { Attempts, Try } from '../attempts/service.ts'
import type { Stops } from '../attempts/stops.ts'
import type { Devices } from '../devices/service.ts'
import type { Occasion } from '../ledger/ledger.ts'
import type { LoginMethod } from '../login-attempts/login-attempt.ts'
import type { LoginAttempts } from '../login-attempts/service.ts'
import type { Sessions } from '../sessions/service.ts'
import type { FactorCheck, Means, ShownFactor } from '../sign-in/factor-check.ts'
import { orGiveBack } from '../sign-in/first-factor.ts'
import type { PasswordCheck } from '../sign-in/password-check.ts'
import type { Origin, Pendings } from '../sign-in/pendings.ts'
import type { Started } from '../sign-in/second-factor.ts'
import type { TokenPair, Tokens } from '../tokens/service.ts'
import { isWorth, parseProof, type StepUpInput, shownBy, type TypedProof } from './step-up.ts'

export interface StepUpDependencies {
  readonly pendings: Pick<Pendings, 'beginStepUp' | 'takeChallenge'>
  readonly attempts: Pick<Attempts, 'take' | 'takeFactor' | 'settle'>
  readonly stops: Pick<Stops, 'after'>
  readonly devices: Pick<Devices, 'knownTo'>
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
  readonly take: () => Promise<Try>
  readonly check: () => Promise<boolean>
  /** As much work as the check, on nothing. */
  readonly pretend: () => Promise<unknown>
}

export function createStepUps(dependencies: StepUpDependencies): StepUps {
  const { pendings, attempts, stops, devices, loginAttempts, checkPassword, factorCheck, sessions, tokens, clock } =
    dependencies

  const fromOf = ({ address, deviceToken }: Origin, { userId }: UserPrincipal) => ({
    address,
    device: devices.knownTo(userId, deviceToken),
  })

  const trialOfPassword = (password: string, { email }: Means, person: UserPrincipal, asking: Asked): Trial => ({
    take: () => attempts.take(email, fromOf(asking, person)),
    check: async () => {
      const verdict = await checkPassword({ email, password }, asking.requestId)
      return verdict.outcome === 'match' && verdict.userId === person.userId
    },
    pretend: () => checkPassword({ email, password: nobody.password }, asking.requestId),
  })

  function trialOfFactor(shown: ShownFactor, person: UserPrincipal, asking: Asked): Trial {
    const { userId, sessionId: reference } = person
    return {
      take: () => attempts.takeFactor(userId, fromOf(asking, person)),
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

  async function judge({ take, check, pretend }: Trial) {
    const attempt = await take()
    if (attempt.outcome === 'locked') {
      await orGiveBack(attempt, pretend())
      return { attempt, outcome: 'LOCKED', forgave: [] } as const
    }
    const isRight = await orGiveBack(attempt, check())
    if (!isRight) return { attempt, outcome: 'REFUSED', forgave: [] } as const
    return { attempt, outcome: 'STEPPED_UP', forgave: await attempts.settle(attempt.reservations) } as const
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
      const { userId } = person
      const method = methodOf(typed.by)
      const [means, session] = await Promise.all([factorCheck.means(userId, asking), sessions.current(person)])
      // Nothing is looked at, so nothing was tried: it is on no record, and takes no try.
      if (!means || !session || !isWorth(typed.by, means.factors, session)) return null
      const { attempt, outcome, forgave } = await judge(await trialOf(typed, means, person, asking))
      const { id, at, deviceId } = attempt
      const named = method === 'PASSWORD' ? { identifier: means.email } : {}
      await loginAttempts.record({ method, outcome, userId, id, at, deviceId, forgave, ...named }, asking)
      if (outcome === 'REFUSED') stops.after(attempt, userId, asking)
      if (outcome !== 'STEPPED_UP') return null
      const shown = shownBy(typed.by, session, clock.now().getTime())
      const proved = await sessions.prove(session, { by: typed.by, shown }, occasion)
      return proved && tokens.reissue(proved.session, proved.counter)
    },
  }
}

interface Asked extends Origin {
  readonly requestId: string
}
