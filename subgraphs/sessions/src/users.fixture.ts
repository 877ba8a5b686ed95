/** As much of Users as Sessions asks for: whether a password or a factor is right, told to the service `sessions` alone. */
import { badInput, Problem } from '@latchkey/problem'
import { createSubgraph, type GuardedContext } from '@latchkey/subgraph'
import { allow, onlyService } from '@latchkey/subgraph/guard'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { Client, SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'
import type { SessionLimit } from './sessions/session.ts'

const typeDefs = `
  type Query {
    checkPassword(email: String!, password: String!): PasswordCheck!
    passkeyOptions(challenge: String!, userId: ID): PasskeyOptions!
    namedAccount(email: String!): NamedAccount!
    meansOf(userId: ID!): Means
    grants(userId: ID!): Grants
  }
  type Grants {
    userId: ID! epoch: Int! active: Boolean! activeFrom: String activeUntil: String roles: [String!]! scopes: [String!]!
    sessionEpoch: Int! sessionKept: ID keysDoubted: Boolean!
  }
  type Mutation {
    checkSecondFactor(userId: ID!, reference: ID!, shown: ShownFactorInput!): FactorCheck!
    checkPasskey(challenge: String!, response: String!): FactorCheck!
    sendEmailCode(userId: ID!, reference: ID!, purpose: EmailCodePurpose): SendEmailCodePayload!
    noteNewDevice(userId: ID!): NoteNewDevicePayload
    noteStoppedSignIn(userId: ID!, what: StoppedSignIn!): NoteNewDevicePayload
    sendSignInMail(email: String!): SignInMail!
    trustDevice(userId: ID!, deviceId: ID!, sessionEpoch: Int!): TrustAnswer!
    useTrustedDevice(userId: ID!, deviceId: ID!, sessionEpoch: Int!): TrustAnswer!
    checkSignInLink(token: String!): PasswordCheck!
    checkSignInCode(reference: ID!, code: String!): PasswordCheck!
    noteReusedToken(userId: ID!): NoteReusedTokenPayload
    noteImpersonation(input: NoteImpersonationInput!): NoteImpersonationPayload
  }
  type PasswordCheck {
    outcome: PasswordCheckOutcome! userId: ID namedUserId: ID sessionEpoch: Int secondFactors: [SecondFactor!]!
    sessionLimit: SessionLimit
  }
  type FactorCheck { outcome: PasswordCheckOutcome! userId: ID sessionEpoch: Int sessionLimit: SessionLimit }
  type SessionLimit { max: Int! onExcess: String! }
  type Means { email: String! factors: [SecondFactor!]! }
  type PasskeyOptions { options: String! }
  enum EmailCodePurpose { SIGN_IN STEP_UP }
  type SendEmailCodePayload { outcome: String! }
  type TrustAnswer { outcome: String! }
  type SignInMail { reference: ID! }
  input NoteImpersonationInput { userId: ID! staffId: ID! write: Boolean! }
  type NoteImpersonationPayload { outcome: String! sessionEpoch: Int }
  type NoteNewDevicePayload { outcome: String! }
  type NamedAccount { userId: ID }
  enum StoppedSignIn { PASSWORD_FROM_ONE_NETWORK PASSWORD_FROM_STRANGERS SECOND_FACTOR }
  type NoteReusedTokenPayload { outcome: String! }
  input ShownFactorInput { totp: String recoveryCode: String emailCode: String passkey: PasskeyProofInput }
  input PasskeyProofInput { challenge: String! response: String! }
  enum PasswordCheckOutcome { MATCH NO_MATCH }
  enum SecondFactor { PASSKEY TOTP RECOVERY_CODE EMAIL_CODE }
`

export interface AskedCredentials {
  readonly email: string
  readonly password: string
}

interface PasskeyProof {
  readonly challenge: string
  readonly response: string
}

export interface AskedFactor {
  readonly userId: string
  readonly reference: string
  readonly shown: {
    readonly totp?: string
    readonly recoveryCode?: string
    readonly emailCode?: string
    readonly passkey?: PasskeyProof
  }
}

interface TrustedDevice {
  readonly userId: string
  readonly deviceId: string
  readonly sessionEpoch: number
}

interface NotedImpersonation {
  readonly userId: string
  readonly staffId: string
  readonly write: boolean
}

export interface UsersFixture {
  readonly transport: SubgraphTransport
  /** Everything that was asked, in order. */
  readonly asked: AskedCredentials[]
  readonly askedFactors: AskedFactor[]
  readonly askedPasskeys: PasskeyProof[]
  readonly sentCodes: { userId: string; reference: string; purpose?: string }[]
  /** Who acted in whose place. */
  readonly notedImpersonations: NotedImpersonation[]
  /** Whom a mail to sign in with was asked for. */
  readonly askedMails: { email: string; client: string | undefined }[]
  /** The links and codes that were shown. */
  readonly askedProofs: string[]
  /** The devices that were trusted, in order. */
  readonly trusted: TrustedDevice[]
  /** Who was told of a new device. */
  readonly toldOfDevices: string[]
  /** Who was told of what was stopped. */
  readonly toldOfStops: string[]
  /** Who was told of a token that came back. */
  readonly toldOfTokens: string[]
  /** Answers UNAVAILABLE while it is `overloaded`. */
  state: 'well' | 'overloaded'
  /** While there is one, nobody is told whether a device is trusted, and whoever has one trusted waits for it. */
  devicesLocked: Promise<void> | null
  /** What a session that begins now is kept with. */
  sessionEpoch: number
  /** The session that the account kept when it ended the others. */
  sessionKept: string | null
  /** How many sessions everybody may have. */
  sessionLimit: SessionLimit | null
  /** What everybody has enrolled. */
  secondFactors: readonly string[]
}

const accounts = new Map([
  ['ada@example.org', 'usr_ada'],
  ['eve@example.org', 'usr_eve'],
])

/** What a mail carries to the owner of an address: both right, again and again; the reference is known by it. */
export const linkOf = (email: string) => `link to ${email}`
export const codeOf = (email: string) => `code of ${email}`
export const referenceOf = (email: string) => `tok_${Buffer.from(email).toString('hex')}`

/** A factor of a user that is right, again and again; a passkey signs its challenge by naming it. */
export const rightFactor = (userId: string) => `right for ${userId}`
export const passkeyAnswer = (userId: string, challenge: string) => JSON.stringify({ userId, challenge })

function signerOf({ challenge, response }: PasskeyProof): string | null {
  const answer = JSON.parse(response) as { userId: string; challenge: string }
  return challenge !== '' && answer.challenge === challenge ? answer.userId : null
}

const isRight = ({ userId, shown: { passkey, ...typed } }: AskedFactor) =>
  passkey ? signerOf(passkey) === userId : Object.values(typed)[0] === rightFactor(userId)

interface UsersFixtureContext extends GuardedContext {
  readonly client: Client | undefined
}

/** Knows ada@example.org and eve@example.org of the support, both with the password `correct horse`, and that usr_admin administers. */
export function runUsers(): UsersFixture {
  const fixture = {
    asked: [] as AskedCredentials[],
    askedFactors: [] as AskedFactor[],
    askedPasskeys: [] as PasskeyProof[],
    sentCodes: [] as { userId: string; reference: string; purpose?: string }[],
    notedImpersonations: [] as NotedImpersonation[],
    askedMails: [] as { email: string; client: string | undefined }[],
    askedProofs: [] as string[],
    trusted: [] as TrustedDevice[],
    toldOfDevices: [] as string[],
    toldOfStops: [] as string[],
    toldOfTokens: [] as string[],
    state: 'well' as UsersFixture['state'],
    devicesLocked: null as Promise<void> | null,
    sessionEpoch: 0,
    sessionKept: null as string | null,
    sessionLimit: null as SessionLimit | null,
    secondFactors: [] as readonly string[],
  }
  const refuseOverload = () => {
    if (fixture.state === 'overloaded') throw new Problem('UNAVAILABLE')
  }
  const verdict = (userId: string | null | undefined) =>
    userId
      ? { outcome: 'MATCH', userId, sessionEpoch: fixture.sessionEpoch, sessionLimit: fixture.sessionLimit }
      : { outcome: 'NO_MATCH' }

  const proofOf = (shown: string, named: string | undefined, isRight: boolean) => {
    refuseOverload()
    fixture.askedProofs.push(shown)
    return named && isRight
      ? { ...verdict(named), secondFactors: fixture.secondFactors }
      : { outcome: 'NO_MATCH', namedUserId: named, secondFactors: [] }
  }

  function checkPassword(_parent: unknown, credentials: AskedCredentials) {
    refuseOverload()
    fixture.asked.push(credentials)
    const userId = accounts.get(credentials.email.trim().toLowerCase())
    return userId && credentials.password === 'correct horse'
      ? { ...verdict(userId), secondFactors: fixture.secondFactors }
      : { outcome: 'NO_MATCH', namedUserId: userId, secondFactors: [] }
  }

  const Mutation = {
    checkSecondFactor(_parent: unknown, asked: AskedFactor) {
      refuseOverload()
      fixture.askedFactors.push(asked)
      return verdict(isRight(asked) ? asked.userId : null)
    },
    checkPasskey(_parent: unknown, asked: PasskeyProof) {
      refuseOverload()
      fixture.askedPasskeys.push(asked)
      return verdict(signerOf(asked))
    },
    sendEmailCode(_parent: unknown, asked: { userId: string; reference: string; purpose?: string }) {
      fixture.sentCodes.push({ ...asked })
      return { outcome: fixture.sentCodes.length > 3 ? 'NOT_SENT' : 'SENT' }
    },
    async trustDevice(_parent: unknown, asked: TrustedDevice) {
      await fixture.devicesLocked
      fixture.trusted.push({ ...asked })
      return { outcome: 'TRUSTED' }
    },
    useTrustedDevice(_parent: unknown, asked: TrustedDevice) {
      refuseOverload()
      if (fixture.devicesLocked) throw new Problem('UNAVAILABLE', 'a lock is held')
      const isTrusted = fixture.trusted.some(
        ({ userId, deviceId, sessionEpoch }) =>
          userId === asked.userId && deviceId === asked.deviceId && sessionEpoch === asked.sessionEpoch,
      )
      return { outcome: isTrusted ? 'TRUSTED' : 'NOT_TRUSTED' }
    },
    sendSignInMail(_parent: unknown, { email }: { email: string }, { client }: UsersFixtureContext) {
      refuseOverload()
      if (fixture.askedMails.length >= 30) throw new Problem('RATE_LIMITED', 'mails', { retryAfterMs: 1_000 })
      if (!email.includes('@')) throw badInput({ 'input.email': 'must be an email address' })
      fixture.askedMails.push({ email, client: client?.address })
      return { reference: referenceOf(email) }
    },
    checkSignInLink: (_parent: unknown, { token }: { token: string }) => {
      const [email, userId] = [...accounts].find(([address]) => token === linkOf(address)) ?? []
      return proofOf(token, userId, email !== undefined)
    },
    checkSignInCode: (_parent: unknown, { reference, code }: { reference: string; code: string }) => {
      const [email = '', userId] = [...accounts].find(([address]) => reference === referenceOf(address)) ?? []
      return proofOf(reference, userId, code === codeOf(email))
    },
    noteImpersonation(_parent: unknown, { input }: { input: NotedImpersonation }) {
      refuseOverload()
      if (input.userId === 'usr_admin') return { outcome: 'ADMINISTERS' }
      if (![...accounts.values()].includes(input.userId)) return { outcome: 'UNKNOWN' }
      fixture.notedImpersonations.push({ ...input })
      return { outcome: 'NOTED', sessionEpoch: fixture.sessionEpoch }
    },
    noteNewDevice(_parent: unknown, { userId }: { userId: string }) {
      refuseOverload()
      fixture.toldOfDevices.push(userId)
      return { outcome: 'NOTED' }
    },
    noteStoppedSignIn(_parent: unknown, { userId, what }: { userId: string; what: string }) {
      refuseOverload()
      fixture.toldOfStops.push(`${userId} ${what}`)
      return { outcome: 'NOTED' }
    },
    noteReusedToken(_parent: unknown, { userId }: { userId: string }) {
      refuseOverload()
      fixture.toldOfTokens.push(userId)
      return { outcome: 'NOTED' }
    },
  }
  const namedAccount = (_parent: unknown, { email }: { email: string }) => {
    refuseOverload()
    return { userId: accounts.get(email.trim().toLowerCase()) ?? null }
  }
  const passkeyOptions = (_parent: unknown, asked: { challenge: string; userId?: string }) => ({
    options: JSON.stringify(asked),
  })

  const meansOf = (_parent: unknown, { userId }: { userId: string }) => {
    refuseOverload()
    const [email] = [...accounts].find(([, id]) => id === userId) ?? []
    return email ? { email, factors: fixture.secondFactors } : null
  }

  const grants = (_parent: unknown, { userId }: { userId: string }) => {
    refuseOverload()
    const { sessionEpoch, sessionKept } = fixture
    const scopes = userId === 'usr_eve' ? ['sessions:impersonate', 'sessions:impersonate:write'] : []
    const told = {
      userId,
      epoch: 1,
      active: true,
      roles: [],
      scopes,
      sessionEpoch,
      sessionKept,
      keysDoubted: false,
    }
    return [...accounts.values()].includes(userId) ? told : null
  }

  const sessions = onlyService('sessions')
  const subgraph = createSubgraph<UsersFixtureContext>({
    name: 'users',
    typeDefs,
    resolvers: { Query: { checkPassword, passkeyOptions, namedAccount, meansOf, grants }, Mutation },
    rules: {
      Query: {
        checkPassword: sessions,
        passkeyOptions: sessions,
        namedAccount: sessions,
        meansOf: sessions,
        grants: sessions,
      },
      Mutation: {
        checkSecondFactor: sessions,
        checkPasskey: sessions,
        sendEmailCode: sessions,
        noteNewDevice: sessions,
        noteStoppedSignIn: sessions,
        sendSignInMail: sessions,
        trustDevice: sessions,
        useTrustedDevice: sessions,
        checkSignInLink: sessions,
        checkSignInCode: sessions,
        noteReusedToken: sessions,
        noteImpersonation: sessions,
      },
      PasswordCheck: allow,
      FactorCheck: allow,
      SessionLimit: allow,
      PasskeyOptions: allow,
      Means: allow,
      Grants: allow,
      SendEmailCodePayload: allow,
      SignInMail: allow,
      TrustAnswer: allow,
      NoteNewDevicePayload: allow,
      NamedAccount: allow,
      NoteReusedTokenPayload: allow,
      NoteImpersonationPayload: allow,
    },
    contextFor: (_principal, { client }) => ({ client }),
    logger: silentLogger,
  })
  return Object.assign(fixture, { transport: inProcessTransport(subgraph) })
}
