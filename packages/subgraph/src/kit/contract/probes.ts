/** What a subgraph must hold to, one probe each. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { secondMs } from '@latchkey/clock'
import { anonymous, type Principal } from '@latchkey/principal'
import { keyIdOf } from '@latchkey/principal/principal-jwks'
import { anApiKey, aService, aUser } from '@latchkey/principal/testing'
import { type Forger, type Forgery, forge, lifetimeS, nowS, rewritten, unsigned } from './forge.ts'
import { ask, notAnswered, notRefused, type Question } from './target.ts'

export interface Target extends Forger {
  /** With its path. */
  readonly url: string
  /** How far clocks may be apart, in seconds. */
  readonly leewayS: number
}

export interface Probe {
  readonly name: string
  /** Resolves with what is wrong, or `null`. */
  fire(target: Target): Promise<string | null>
}

const answers = (name: string, principal: Principal): Probe => ({
  name: `answers ${name}`,
  fire: async (target) =>
    notAnswered(await ask(target.url, { envelope: await forge(target, { claims: { principal } }) })),
})

/** A request that must be refused. */
const refuses = (name: string, question: (target: Target) => Question | Promise<Question>): Probe => ({
  name: `refuses ${name}`,
  fire: async (target) => notRefused(await ask(target.url, await question(target))),
})

/** An envelope that must be refused. */
const refusesEnvelope = (name: string, make: (target: Target) => string | Promise<string>): Probe =>
  refuses(`an envelope ${name}`, async (target) => ({ envelope: await make(target) }))

const refusesForged = (name: string, forgery: (target: Target) => Forgery): Probe =>
  refusesEnvelope(name, (target) => forge(target, forgery(target)))

const stranger = () => generateKeyPairSync('ed25519').privateKey

const publicPem = ({ privateKey }: Forger) =>
  Buffer.from(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }))

const publicX = ({ privateKey }: Forger) =>
  Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url')

const good: readonly Probe[] = [
  answers('a person', aUser()),
  answers('a key', anApiKey()),
  answers('whoever did not sign in, as the gateway says', anonymous),
]

const signatures: readonly Probe[] = [
  refusesForged('signed by a stranger under the name of the gateway’s key', () => ({ key: stranger() })),
  refusesForged('signed by a key that nobody shows', () => {
    const key = stranger()
    return { key, header: { kid: keyIdOf(key) } }
  }),
  refusesForged('that brings the key to check it with (`jwk`)', () => {
    const key = stranger()
    return { key, header: { kid: undefined, jwk: createPublicKey(key).export({ format: 'jwk' }) } }
  }),
  refusesEnvelope('without a signature (`alg: none`)', async (target) => unsigned(await forge(target))),
  refusesEnvelope('whose signature was cut off', async (target) => (await forge(target)).replace(/[^.]+$/, '')),
  refusesForged('MACed with the public key (PEM)', (target) => ({ key: publicPem(target), header: { alg: 'HS256' } })),
  refusesForged('MACed with the public key (its bytes)', (target) => ({
    key: publicX(target),
    header: { alg: 'HS256' },
  })),
  refusesEnvelope('with another principal inside', async (target) =>
    rewritten(await forge(target), 'claims', (text) => text.replace('usr_contract', 'usr_somebody')),
  ),
  refusesEnvelope('that was given more time', async (target) =>
    rewritten(await forge(target), 'claims', (text) => text.replace(/"exp":\d+/, `"exp":${nowS() + 3_600}`)),
  ),
  refusesForged('that wants something understood (`crit`)', () => ({
    header: { crit: ['exp'], exp: nowS() + lifetimeS },
  })),
]

const claims: readonly Probe[] = [
  refusesForged('for another subgraph', ({ audience }) => ({ claims: { aud: `${audience}-not` } })),
  refusesForged('for nobody in particular', () => ({ claims: { aud: undefined } })),
  refusesForged('for several at once', ({ audience }) => ({ claims: { aud: [audience, 'users'] } })),
  refusesForged('from another service', () => ({ claims: { iss: 'billing' } })),
  refusesForged('from nobody', () => ({ claims: { iss: undefined } })),
  refusesForged('that is an access token (`typ: at+jwt`)', () => ({ header: { typ: 'at+jwt' } })),
  refusesForged('of no type', () => ({ header: { typ: undefined } })),
  refusesForged('without a principal', () => ({ claims: { principal: undefined } })),
  refusesForged('for a kind of caller that there is not', () => ({ claims: { principal: { kind: 'root' } } })),
  refusesForged('in which the gateway speaks for another service', () => ({
    claims: { principal: aService('users') },
  })),
]

const times: readonly Probe[] = [
  refusesForged('that has expired', () => ({ claims: { iat: nowS() - 120, exp: nowS() - 60 } })),
  refusesForged('that never expires', () => ({ claims: { exp: undefined } })),
  refusesForged('that does not say when it was made', () => ({ claims: { iat: undefined } })),
  refusesForged('made ten minutes ago, and good for a day', () => ({
    claims: { iat: nowS() - 600, exp: nowS() + 86_400 },
  })),
  refusesForged('from the future', () => ({ claims: { iat: nowS() + 600, exp: nowS() + 660 } })),
  refusesForged('that is not good yet (`nbf`)', () => ({ claims: { nbf: nowS() + 600 } })),
  {
    name: 'refuses an envelope that it answered before, once it has expired',
    fire: (target) => askAgainTooLate(target, 2),
  },
]

const longestLifeS = 20

async function askAgainTooLate(target: Target, lifeS: number): Promise<string | null> {
  const envelope = await forge(target, { claims: { exp: nowS() + lifeS } })
  const unanswered = notAnswered(await ask(target.url, { envelope }))
  // A machine that is busy may need longer for the first answer than the envelope lives.
  if (unanswered) return lifeS < longestLifeS ? askAgainTooLate(target, lifeS * 3) : unanswered
  await pause((lifeS + target.leewayS + 1) * secondMs)
  return notRefused(await ask(target.url, { envelope }))
}

const service = { query: '{ _service { sdl } }' }
const introspection = { query: '{ __schema { types { name } } }' }
const entities = {
  query: 'query ($them: [_Any!]!) { _entities(representations: $them) { __typename } }',
  variables: { them: [{ __typename: 'User', id: 'usr_contract' }] },
}

const strangers: readonly Probe[] = [
  refuses('a request without an envelope', () => ({})),
  refuses('a request by GET without an envelope', () => ({ method: 'GET' })),
  refuses('a batch without an envelope', () => ({ body: [service, introspection] })),
  refuses('to show its schema without an envelope (`_service { sdl }`)', () => ({ body: service })),
  refuses('introspection without an envelope', () => ({ body: introspection })),
  refuses('`_entities` without an envelope', () => ({ body: entities })),
  refuses('an empty envelope', () => ({ envelope: '' })),
  refuses('an envelope that is no token', () => ({ envelope: 'aaaa.bbbb.cccc' })),
  refuses('a principal that nobody sealed', () => ({ envelope: JSON.stringify(aUser()) })),
  refuses('a good envelope in the wrong header (`authorization`)', async (target) => ({
    headers: { authorization: `Bearer ${await forge(target)}` },
  })),
  refuses('two envelopes in one header', async (target) => ({
    envelope: `${await forge(target)}, ${await forge(target)}`,
  })),
  {
    name: 'refuses an envelope of 100,000 characters, and goes on',
    async fire(target) {
      // A server may end such a connection without a word.
      const { status, text } = await ask(target.url, { envelope: 'a'.repeat(100_000) })
      const refused = status === 0 ? null : notRefused({ status, text })
      return refused ?? notAnswered(await ask(target.url, { envelope: await forge(target) }))
    },
  },
]

/** In the order of the card. */
export const probes: readonly Probe[] = [...good, ...strangers, ...signatures, ...claims, ...times]
