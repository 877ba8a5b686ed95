import { createPublicKey } from 'node:crypto'
import { systemClock } from '@latchkey/clock'
import type { Principal } from '@latchkey/principal'
import { createOpener } from '@latchkey/principal/envelope'
import { Problem } from '@latchkey/problem'
import { silentLogger } from '@latchkey/telemetry'
import { compactVerify, decodeJwt, importJWK, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNotes } from '../../notes.fixture.ts'
import { serveSubgraph } from '../../serve.ts'
import { createFakeGateway, type FakeGateway } from '../fake-gateway.ts'
import { createPrincipalVerifier, type Trust } from '../verifier.ts'
import { checkContract, type Report, summaryOf } from './contract.ts'
import { probes } from './probes.ts'

type Open = (envelope: string) => Promise<Principal>

let gateway: FakeGateway
beforeAll(async () => {
  gateway = await createFakeGateway({ subgraph: 'notes' })
})
afterAll(() => gateway.close())

const publicKey = () => createPublicKey(gateway.privateKey)

const verifierOf = (trust: Trust): Open => {
  const verify = createPrincipalVerifier({ audience: 'notes', trust })
  return (envelope) => verify({ 'latchkey-principal': envelope })
}

/** The card of a subgraph that lets in whom `open` does. */
async function cardOf(open: Open): Promise<readonly Report[]> {
  const { subgraph } = createNotes()
  const guarded = async (envelope: string) => {
    const principal = await open(envelope).catch((cause) => {
      throw cause instanceof Problem ? cause : new Problem('CREDENTIAL_REJECTED', String(cause))
    })
    return { principal }
  }
  const place = { host: '127.0.0.1', port: 0, ready: async () => true, logger: silentLogger }
  const served = await serveSubgraph(subgraph, { ...place, open: guarded })
  const reports: Report[] = []
  const target = { url: `${served.url}/graphql`, audience: 'notes', privateKey: gateway.privateKey, leewayS: 2 }
  for await (const report of checkContract(target)) reports.push(report)
  await served.close()
  return reports
}

const brokenIn = (reports: readonly Report[]) => reports.flatMap(({ name, broken }) => (broken === null ? [] : [name]))

const claimsFor =
  (options: object): Open =>
  async (envelope) => {
    const { payload } = await jwtVerify<{ principal: Principal }>(envelope, publicKey(), {
      ...{ algorithms: ['EdDSA'], typ: 'latchkey-principal+jwt', issuer: 'gateway', requiredClaims: ['iat', 'exp'] },
      ...options,
    })
    const { kind } = payload.principal
    if (!['anonymous', 'user', 'apiKey'].includes(kind)) throw new Error('nobody')
    return payload.principal
  }

/** Let in by our own verifier, and by ones that somebody might have written. */
const verifiers = {
  ours: () => verifierOf({ jwksUrl: gateway.jwksUrl }),
  anyAudience: () => claimsFor({ maxTokenAge: 60, clockTolerance: 2 }),
  expired: () => claimsFor({ audience: 'notes', clockTolerance: 1_000_000 }),
  neverForgets() {
    const verify = verifierOf({ publicKey: gateway.publicKey })
    const known = new Map<string, Principal>()
    return async (envelope) => {
      const principal = known.get(envelope) ?? (await verify(envelope))
      known.set(envelope, principal)
      return principal
    }
  },
  readsOnly: () => async (envelope) => decodeJwt<{ principal: Principal }>(envelope).principal,
  keyInside() {
    const opener = createOpener({ audience: 'notes', trusted: { gateway: publicKey() }, clock: systemClock })
    return async (envelope) => {
      const { jwk } = JSON.parse(Buffer.from(envelope.split('.')[0] ?? '', 'base64url').toString())
      if (!jwk) return (await opener(envelope)).principal
      await compactVerify(envelope, await importJWK(jwk, 'EdDSA'))
      return decodeJwt<{ principal: Principal }>(envelope).principal
    }
  },
  nobody: () => async () => {
    throw new Problem('CREDENTIAL_REJECTED')
  },
} satisfies Record<string, () => Open>

describe('the contract card', () => {
  const cards = new Map<string, readonly Report[]>()
  // All at once: a card waits for an envelope to end.
  beforeAll(async () => {
    const begun = Object.entries(verifiers).map(async ([name, make]) => cards.set(name, await cardOf(make())))
    await Promise.all(begun)
  })
  const brokenFor = (name: keyof typeof verifiers) => brokenIn(cards.get(name) ?? [])

  it('is green for what our verifier guards', () => {
    expect(brokenFor('ours')).toEqual([])
    expect(summaryOf(cards.get('ours') ?? [])).toBe(`${probes.length} held, 0 broken.`)
  })

  it('is red for one that checks the signature and not the audience', () => {
    expect(brokenFor('anyAudience')).toEqual([
      'refuses an envelope for another subgraph',
      'refuses an envelope for nobody in particular',
      'refuses an envelope for several at once',
    ])
  })

  it('is red for one that takes what has expired', () => {
    expect(brokenFor('expired')).toEqual(
      expect.arrayContaining([
        'refuses an envelope that has expired',
        'refuses an envelope that it answered before, once it has expired',
      ]),
    )
  })

  it('is red for one that remembers envelopes longer than they live', () => {
    expect(brokenFor('neverForgets')).toEqual(['refuses an envelope that it answered before, once it has expired'])
  })

  it('is red from top to bottom for one that reads the claims and checks nothing', () => {
    const broken = brokenFor('readsOnly')
    expect(broken).toContain('refuses an envelope without a signature (`alg: none`)')
    expect(broken).toContain('refuses an envelope with another principal inside')
    expect(broken).toContain('refuses an envelope for another subgraph')
    expect(broken.length).toBeGreaterThan(18)
  })

  it('is red for one that trusts the key which the envelope brings along', () => {
    expect(brokenFor('keyInside')).toEqual(['refuses an envelope that brings the key to check it with (`jwk`)'])
  })

  it('has nothing good to say of a subgraph that refuses everybody', () => {
    expect(brokenFor('nobody').slice(0, 1)).toEqual(['answers a person'])
  })
})
