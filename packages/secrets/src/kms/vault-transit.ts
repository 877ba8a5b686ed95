/** Key management by HashiCorp Vault's Transit engine, and whatever speaks its HTTP API (OpenBao). */
import { readFile } from 'node:fs/promises'
import { secondMs } from '@latchkey/clock'
import { z } from 'zod'
import { away, type KeyManagement } from './key-management.ts'

/** A key of a Transit engine: `vault+https://vault.internal:8200/transit/latchkey`, its engine's path before its name. */
export interface TransitKey {
  readonly origin: string
  readonly mount: string
  readonly key: string
  /** Of Vault Enterprise, by `?namespace=…`. */
  readonly namespace: string | null
}

const loopback = ['localhost', '127.0.0.1', '[::1]']
const isSegment = (text: string): boolean => /^[\w-]+$/.test(text)

/** `null` for any other text; without TLS only on this machine, where an agent may stand. */
export function parseTransitKey(text: string): TransitKey | null {
  const [, plain = ''] = /^vault\+(https?:\/\/.+)$/.exec(text) ?? []
  if (!URL.canParse(plain)) return null
  const { origin, protocol, hostname, username, pathname, searchParams } = new URL(plain)
  const [key = '', ...mount] = pathname.slice(1).split('/').reverse()
  if (mount.length === 0 || ![key, ...mount].every(isSegment) || username !== '') return null
  if (protocol === 'http:' && !loopback.includes(hostname)) return null
  return { origin, mount: mount.reverse().join('/'), key, namespace: searchParams.get('namespace') }
}

export interface VaultTransitOptions {
  readonly at: TransitKey
  /** Read each time it is needed, for agents renew it; absent: an agent in between adds its own. */
  readonly tokenFile?: string | undefined
  /** For an answer, in milliseconds; 10,000 unless said: no request waits for it. */
  readonly withinMs?: number
}

const answerWithinMs = 10 * secondMs

const wrappedAnswer = z.object({ data: z.object({ ciphertext: z.string().min(1).max(4_096) }) })
const unwrappedAnswer = z.object({ data: z.object({ plaintext: z.base64() }) })

const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64')

export function vaultTransit({ at, tokenFile, withinMs = answerWithinMs }: VaultTransitOptions): KeyManagement {
  const { origin, mount, key, namespace } = at
  const name = `Vault's key ${mount}/${key} at ${origin}`

  async function headers(): Promise<Record<string, string>> {
    const token = tokenFile === undefined ? null : await readToken(tokenFile)
    return {
      'content-type': 'application/json',
      'x-vault-request': 'true',
      ...(token !== null && { 'x-vault-token': token }),
      ...(namespace !== null && { 'x-vault-namespace': namespace }),
    }
  }

  async function post(what: 'encrypt' | 'decrypt', body: object): Promise<unknown> {
    const request = {
      method: 'POST',
      headers: await headers(),
      body: JSON.stringify(body),
      redirect: 'manual' as const,
    }
    const ask = () =>
      fetch(`${origin}/v1/${mount}/${what}/${key}`, { ...request, signal: AbortSignal.timeout(withinMs) })
    const answer = await ask()
      .catch((fault) => (isLate(fault) ? Promise.reject(fault) : ask()))
      .catch((cause) => {
        throw away(`${name} does not answer`, cause)
      })
    if (answer.status === 200)
      return answer.json().catch((cause) => Promise.reject(away(`${name} answers no JSON`, cause)))
    await answer.body?.cancel()
    throw refusal(name, answer.status)
  }

  /** What it says may hold what nobody should read: only its form is told. */
  function read<Answer>(form: z.ZodType<Answer>, answer: unknown): Answer {
    const { data, success } = form.safeParse(answer)
    if (!success) throw away(`${name} answers otherwise than Transit does`)
    return data
  }

  return {
    name,
    async wrap(plain, context) {
      const body = { plaintext: base64(plain), associated_data: base64(context) }
      return read(wrappedAnswer, await post('encrypt', body)).data.ciphertext
    },
    async unwrap(wrapped, context) {
      const body = { ciphertext: wrapped, associated_data: base64(context) }
      return Buffer.from(read(unwrappedAnswer, await post('decrypt', body)).data.plaintext, 'base64')
    },
  }
}

/** Any other fault may be that of a connection that was kept from the last time, and closed since. */
const isLate = (fault: unknown): boolean => fault instanceof Error && fault.name === 'TimeoutError'

const readToken = async (file: string): Promise<string> =>
  (
    await readFile(file, 'utf8').catch((cause) => {
      throw away(`the token in ${file} cannot be read`, cause)
    })
  ).trim()

/** Only that it did not wrap this stays as it is; policies, tokens, seals and mounts change. */
function refusal(name: string, status: number): Error {
  if (status === 400)
    return new Error(`${name} does not open this: it was wrapped by another, for another, or was altered`)
  if (status === 403) return away(`${name} does not let us: look at the token and its policy`)
  if (status === 404) return away(`${name} is not there`)
  if (status === 503) return away(`${name} is sealed or in maintenance`)
  return away(`${name} answers ${status}`)
}
