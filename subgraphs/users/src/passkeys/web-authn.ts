/** WebAuthn: what is asked of an authenticator, and whether it answered that. The only home of @simplewebauthn/server. */
import { minuteMs } from '@latchkey/clock'
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { z } from 'zod'

/** Who asks: the name that credentials are bound to, and the one place that may use them. */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
}

export function relyingPartyOf(publicUrl: string): RelyingParty {
  const { hostname, origin } = new URL(publicUrl)
  return { id: hostname, origin }
}

/** A credential as far as it is asked for. */
export interface KnownCredential {
  readonly id: string
  readonly transports: readonly string[]
}

export interface NewCredential extends KnownCredential {
  /** COSE. */
  readonly publicKey: Uint8Array
  readonly signCount: number
  readonly aaguid: string
  readonly backedUp: boolean
}

export interface Assertion {
  readonly signCount: number
  readonly backedUp: boolean
}

/** How long an authenticator may take. */
export const ceremonyMs = 5 * minuteMs
/** Longer than any answer of an authenticator. What is longer is not parsed. */
export const responseLengthMax = 16_384

const base64url = z
  .string()
  .min(1)
  .regex(/^[\w-]+$/)
const shared = { id: base64url.max(1_400), rawId: base64url.max(1_400), type: z.literal('public-key') }
const loose = { clientExtensionResults: z.looseObject({}).default({}) }
const registration = z.looseObject({
  ...shared,
  ...loose,
  response: z.looseObject({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z.array(z.string().max(32)).max(10).optional(),
  }),
})
const authentication = z.looseObject({
  ...shared,
  ...loose,
  response: z.looseObject({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.nullish(),
  }),
})

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.infer<Schema> | null {
  if (text.length > responseLengthMax) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/** An answer to a challenge, not yet verified: which credential says that it is asked, and of which account. */
export interface ShownAssertion {
  readonly credentialId: string
  /** `null`: it does not say. */
  readonly userHandle: string | null
  readonly response: AuthenticationResponseJSON
}

export function parseAssertion(text: string): ShownAssertion | null {
  const parsed = parse(authentication, text)
  if (!parsed) return null
  const { userHandle } = parsed.response
  const handle = userHandle ? Buffer.from(userHandle, 'base64url').toString() : null
  // What was parsed has every member that is read; the library checks the rest.
  return { credentialId: parsed.id, userHandle: handle, response: parsed as unknown as AuthenticationResponseJSON }
}

export interface Enroller {
  readonly accountId: string
  readonly address: string
  readonly displayName: string
}

export function createWebAuthn(party: RelyingParty) {
  return {
    /** JSON for `navigator.credentials.create`: a discoverable credential that verifies its user. */
    async enrolmentOptions(
      challenge: Uint8Array,
      person: Enroller,
      known: readonly KnownCredential[],
    ): Promise<string> {
      const options = await generateRegistrationOptions({
        rpName: party.id,
        rpID: party.id,
        userID: new Uint8Array(Buffer.from(person.accountId)),
        userName: person.address,
        userDisplayName: person.displayName,
        challenge: new Uint8Array(challenge),
        timeout: ceremonyMs,
        attestationType: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
      })
      return JSON.stringify(options)
    },

    /** The new credential, or `null` when the answer is not one to this challenge, from our origin, by a verified user. */
    async verifyEnrolment(text: string, challenge: string): Promise<NewCredential | null> {
      const response = parse(registration, text)
      if (!response) return null
      const verified = await verifyRegistrationResponse({
        // What was parsed has every member that is read; the library checks the rest.
        response: response as unknown as RegistrationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: true,
      }).catch(() => null)
      if (!verified?.verified) return null
      const { credential, aaguid, credentialBackedUp } = verified.registrationInfo
      const { id, publicKey, counter, transports = [] } = credential
      return { id, publicKey, signCount: counter, transports, aaguid, backedUp: credentialBackedUp }
    },

    /** JSON for `navigator.credentials.get`; without credentials the authenticator shows those that it knows. */
    async requestOptions(challenge: string, known: readonly KnownCredential[]): Promise<string> {
      const options = await generateAuthenticationOptions({
        rpID: party.id,
        challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
        timeout: ceremonyMs,
        userVerification: 'required',
        allowCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] })),
      })
      return JSON.stringify(options)
    },

    /** What the authenticator says, or `null` when it is not an answer to this challenge, from our origin, by a verified user. */
    async verifyAssertion(
      { response }: ShownAssertion,
      challenge: string,
      { id, publicKey }: { readonly id: string; readonly publicKey: Uint8Array },
    ): Promise<Assertion | null> {
      // The library would compare the counters before it looks at the signature: anybody could raise an alarm. So it is told of
      // none, and they are compared where the new one is kept.
      const credential = { id, publicKey: new Uint8Array(publicKey), counter: 0 }
      const verified = await verifyAuthenticationResponse({
        ...{ response, credential },
        expectedChallenge: challenge,
        expectedOrigin: party.origin,
        expectedRPID: party.id,
        requireUserVerification: true,
      }).catch(() => null)
      if (!verified?.verified) return null
      const { newCounter, credentialBackedUp } = verified.authenticationInfo
      return { signCount: newCounter, backedUp: credentialBackedUp }
    },
  }
}

export type WebAuthn = ReturnType<typeof createWebAuthn>
