import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { secondMs } from '@latchkey/clock'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeVectors } from './vectors.fixture.ts'
import { createEnvelopeOpener } from './verifier.ts'

const places = (file: string) => fileURLToPath(new URL(`../../../../examples/places/${file}`, import.meta.url))
const hasPython = spawnSync('python3', ['--version']).status === 0

describe('the vectors', async () => {
  const vectors = await makeVectors()
  const { audience, cases, jwks } = vectors
  const server = createServer((_request, response) => response.end(JSON.stringify(jwks)))
  let jwksUrl = ''
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  })
  afterAll(() => void server.close())

  // `npx vitest run --project unit packages/subgraph/src/kit/vectors.test.ts -u` writes them anew.
  it('are what is committed', async () => {
    await expect(`${JSON.stringify(vectors, null, 2)}\n`).toMatchFileSnapshot('../../vectors/envelopes.json')
  })

  it.each(cases)('$verdict: $name', async ({ envelope, now, verdict, principal, onBehalf = {} }) => {
    const open = createEnvelopeOpener({
      ...{ audience, trust: { jwksUrl } },
      clock: { now: () => new Date(now * secondMs) },
    })
    const opened = open(envelope)
    if (verdict === 'accepted') expect({ onBehalf: {}, ...(await opened) }).toEqual({ principal, onBehalf })
    else await expect(opened).rejects.toMatchObject({ code: 'CREDENTIAL_REJECTED' })
  })

  it.skipIf(!hasPython).each(['pure', 'whatever the machine has'])('hold in Python, by %s', (LATCHKEY_ED25519) => {
    const env = { ...process.env, LATCHKEY_ED25519 }
    expect(execFileSync('python3', [places('check_vectors.py')], { env, encoding: 'utf8' })).toBe(
      `${cases.length} of ${cases.length} vectors hold.\n`,
    )
  })
})
