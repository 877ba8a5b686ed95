/** Shows that what was restored works: somebody signs in, a key opens a door, the revoked one does not. Then they are gone again. */
import { randomBytes, scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Application } from '../assemble.ts'
import { fault } from '../embedded/fault.ts'

interface Canary {
  readonly email: string
  readonly password: string
}

type Ask = (headers: Readonly<Record<string, string>>, query: string, input?: object) => Promise<Answer>

interface Answer {
  readonly data?: Readonly<Record<string, Answered>> | null
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[]
}

interface Answered {
  readonly __typename?: string
  readonly id?: string
  readonly accessToken?: string
  readonly secret?: string
  readonly apiKey?: { readonly id: string }
}

const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on SignedIn { accessToken } } }`
const createKey = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }'
const revokeKey = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }'
const me = '{ me { id } }'

const failed = (step: string, { errors = [] }: Answer) =>
  fault(
    `The restored data is in place, but its proof failed: ${step}${errors.map(({ extensions }) => ` (${extensions?.code})`).join('')}. Do not serve it before you know why.`,
  )

/** A hash of little cost: the password is random, and its account lives for a second. */
function hashOf(password: string): string {
  const salt = randomBytes(16)
  const hash = scryptSync(password, salt, 32, { N: 1_024, r: 8, p: 1 })
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(hash)}`
}

async function plant({ userFiles }: Application): Promise<Canary> {
  const name = randomBytes(12).toString('hex')
  const canary = { email: `canary.${name}@canary.invalid`, password: randomBytes(24).toString('base64url') }
  const row = {
    ...{ externalId: `canary ${name}`, email: canary.email, emailVerified: true, displayName: 'Canary' },
    passwordHash: hashOf(canary.password),
  }
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-canary-'))
  try {
    const file = join(folder, 'canary.ndjson')
    writeFileSync(file, `${JSON.stringify(row)}\n`, { mode: 0o600 })
    await userFiles.importFrom(file, 'APPLY', () => {})
    return canary
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const asking =
  (url: string): Ask =>
  async (headers, query, input) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify({ query, variables: { input } }),
    })
    return (await response.json()) as Answer
  }

async function fly(ask: Ask, { email, password }: Canary): Promise<void> {
  const signed = await ask({}, signIn, { email, password })
  const token = signed.data?.signIn?.accessToken
  if (!token) throw failed('a canary could not sign in', signed)
  const bearer = { authorization: `Bearer ${token}` }
  const created = await ask(bearer, createKey, { name: 'canary', scopes: ['profile:read'] })
  const { secret, apiKey } = created.data?.createApiKey ?? {}
  if (!secret || !apiKey) throw failed('no key could be made', created)
  const withKey = { 'x-api-key': secret }
  const served = await ask(withKey, me)
  if (!served.data?.me?.id) throw failed('a key was refused', served)
  const revoked = await ask(bearer, revokeKey, { id: apiKey.id, reason: 'the proof is over' })
  if (!revoked.data?.revokeApiKey) throw failed('a key could not be revoked', revoked)
  const refused = await ask(withKey, me)
  if (refused.errors?.[0]?.extensions?.code !== 'CREDENTIAL_REJECTED') throw failed('a revoked key was let in', refused)
}

/** Over a gateway on a port of its own that nobody else knows. Rejects with a Fault that names the step that failed. */
export async function prove(application: Application): Promise<void> {
  const canary = await plant(application)
  try {
    const { url } = await application.gateway.listen({ host: '127.0.0.1', port: 0 })
    await fly(asking(url), canary)
  } finally {
    await application.privacy['erase-user']?.(canary.email)
  }
}
