/** As much of Users as Sessions asks for: whether a password or a factor is right, told to the service `sessions` alone. */
import { Problem } from '@latchkey/problem'
import { createSubgraph } from '@latchkey/subgraph'
import { allow, onlyService } from '@latchkey/subgraph/guard'
import { inProcessTransport } from '@latchkey/subgraph/in-process'
import type { SubgraphTransport } from '@latchkey/subgraph/transport'
import { silentLogger } from '@latchkey/telemetry'

const typeDefs = `
  type Query {
    checkPassword(email: String!, password: String!): PasswordCheck!
    passkeyOptions(challenge: String!, userId: ID): PasskeyOptions!
    meansOf(userId: ID!): Means
  }
  type Mutation {
    checkSecondFactor(userId: ID!, reference: ID!, shown: ShownFactorInput!): FactorCheck!
    checkPasskey(challenge: String!, response: String!): FactorCheck!
    sendEmailCode(userId: ID!, reference: ID!, purpose: EmailCodePurpose): SendEmailCodePayload!
    noteNewDevice(userId: ID!): NoteNewDevicePayload
    noteImpersonation(input: NoteImpersonationInput!): NoteImpersonationPayload
  }
  type PasswordCheck {
    outcome: PasswordCheckOutcome! userId: ID namedUserId: ID sessionEpoch: Int secondFactors: [SecondFactor!]!
  }
  type FactorCheck { outcome: PasswordCheckOutcome! userId: ID sessionEpoch: Int }
  type Means { email: String! factors: [SecondFactor!]! }
  type PasskeyOptions { options: String! }
  enum EmailCodePurpose { SIGN_IN STEP_UP }
  type SendEmailCodePayload { outcome: String! }
  input NoteImpersonationInput { userId: ID! staffId: ID! write: Boolean! }
  type NoteImpersonationPayload { outcome: String! sessionEpoch: Int }
  type NoteNewDevicePayload { outcome: String! }
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
  /** Who was told of a new device. */
  readonly toldOfDevices: string[]
  /** Answers UNAVAILABLE while it is `overloaded`. */
  state: 'well' | 'overloaded'
  /** What a session that begins now is kept with. */
  sessionEpoch: number
  /** What everybody has enrolled. */
  secondFactors: readonly string[]
}

const accounts = new Map([
  ['ada@example.org', 'usr_ada'],
  ['eve@example.org', 'usr_eve'],
])

/** A factor of a user that is right, again and again; a passkey signs its challenge by naming it. */
export const rightFactor = (userId: string) => `right for ${userId}`
export const passkeyAnswer = (userId: string, challenge: string) => JSON.stringify({ userId, challenge })

function signerOf({ challenge, response }: PasskeyProof): string | null {
  const answer = JSON.parse(response) as { userId: string; challenge: string }
  return challenge !== '' && answer.challenge === challenge ? answer.userId : null
}

const isRight = ({ userId, shown: { passkey, ...typed } }: AskedFactor) =>
  passkey ? signerOf(passkey) === userId : Object.values(typed)[0] === rightFactor(userId)

/** Knows ada@example.org and eve@example.org, both with the password `correct horse`, and that usr_admin administers. */
export function runUsers(): UsersFixture {
  const fixture = {
    asked: [] as AskedCredentials[],
    askedFactors: [] as AskedFactor[],
    askedPasskeys: [] as PasskeyProof[],
    sentCodes: [] as { userId: string; reference: string; purpose?: string }[],
    notedImpersonations: [] as NotedImpersonation[],
    toldOfDevices: [] as string[],
    state: 'well' as UsersFixture['state'],
    sessionEpoch: 0,
    secondFactors: [] as readonly string[],
  }
  const refuseOverload = () => {
    if (fixture.state === 'overloaded') throw new Problem('UNAVAILABLE')
  }
  const verdict = (userId: string | null | undefined) =>
    userId ? { outcome: 'MATCH', userId, sessionEpoch: fixture.sessionEpoch } : { outcome: 'NO_MATCH' }

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
  }
  const passkeyOptions = (_parent: unknown, asked: { challenge: string; userId?: string }) => ({
    options: JSON.stringify(asked),
  })

  const meansOf = (_parent: unknown, { userId }: { userId: string }) => {
    refuseOverload()
    const [email] = [...accounts].find(([, id]) => id === userId) ?? []
    return email ? { email, factors: fixture.secondFactors } : null
  }

  const sessions = onlyService('sessions')
  const subgraph = createSubgraph({
    name: 'users',
    typeDefs,
    resolvers: { Query: { checkPassword, passkeyOptions, meansOf }, Mutation },
    rules: {
      Query: { checkPassword: sessions, passkeyOptions: sessions, meansOf: sessions },
      Mutation: {
        checkSecondFactor: sessions,
        checkPasskey: sessions,
        sendEmailCode: sessions,
        noteNewDevice: sessions,
        noteImpersonation: sessions,
      },
      PasswordCheck: allow,
      FactorCheck: allow,
      PasskeyOptions: allow,
      Means: allow,
      SendEmailCodePayload: allow,
      NoteNewDevicePayload: allow,
      NoteImpersonationPayload: allow,
    },
    contextFor: () => ({}),
    logger: silentLogger,
  })
  return Object.assign(fixture, { transport: inProcessTransport(subgraph) })
}
