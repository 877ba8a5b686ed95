/** A server that speaks the part of Vault's HTTP API which the Transit engine's encrypt and decrypt are (API v1). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

interface Asked {
  readonly plaintext?: string
  readonly ciphertext?: string
  readonly associated_data?: string
}

export interface Vault {
  /** As LATCHKEY_KMS_URL has it. */
  readonly url: string
  readonly token: string
  /** How often it was asked to decrypt. */
  decryptions(): number
  /** The key gets a new version; the old ones still decrypt. */
  rotate(): void
  manner(manner: 'open' | 'sealed' | 'silent' | 'elsewhere' | 'babbling'): void
  /** Whatever is let in from now on brings this token. */
  admit(token: string): void
  close(): Promise<void>
}

const tagBytes = 16
const nonceBytes = 12

export async function openVault({ port = 0, keys = [randomBytes(32)] } = {}): Promise<Vault> {
  const first = 'hvs.root'
  let token = first
  let manner: Parameters<Vault['manner']>[0] = 'open'
  let decryptions = 0

  const encrypt = ({ plaintext = '', associated_data = '' }: Asked) => {
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', keys.at(-1) ?? '', nonce).setAAD(
      Buffer.from(associated_data, 'base64'),
    )
    const bytes = Buffer.concat([nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()])
    return { ciphertext: `vault:v${keys.length}:${bytes.toString('base64')}`, key_version: keys.length }
  }
  const decrypt = ({ ciphertext = '', associated_data = '' }: Asked) => {
    decryptions += 1
    const [, version = '0', text = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? []
    const bytes = Buffer.from(text, 'base64')
    const key = keys[Number(version) - 1] ?? randomBytes(32)
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(associated_data, 'base64'))
      .setAuthTag(bytes.subarray(-tagBytes))
    const plain = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()])
    return { plaintext: plain.toString('base64') }
  }

  async function answerTo(request: IncomingMessage): Promise<[status: number, body: object]> {
    if (manner === 'sealed') return [503, { errors: ['Vault is sealed'] }]
    if (request.headers['x-vault-token'] !== token) return [403, { errors: ['permission denied'] }]
    const act = { '/v1/transit/encrypt/latchkey': encrypt, '/v1/transit/decrypt/latchkey': decrypt }[request.url ?? '']
    if (!act) return [404, { errors: [] }]
    const asked = (await json(request)) as Asked
    try {
      return [200, { request_id: 'r', lease_id: '', renewable: false, lease_duration: 0, data: act(asked) }]
    } catch {
      return [400, { errors: ['cipher: message authentication failed'] }]
    }
  }

  const server = createServer(async (request, response) => {
    if (manner === 'silent') return
    if (manner === 'elsewhere') return void response.writeHead(307, { location: 'http://127.0.0.1:9/v1' }).end()
    if (manner === 'babbling') return void response.end('{"data":{"plaintext":7}}')
    const [status, body] = await answerTo(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: taken } = server.address() as AddressInfo // a TCP server that listens
  return {
    url: `vault+http://127.0.0.1:${taken}/transit/latchkey`,
    token: first,
    decryptions: () => decryptions,
    rotate: () => void keys.push(randomBytes(32)),
    manner(next) {
      manner = next
    },
    admit(next) {
      token = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
