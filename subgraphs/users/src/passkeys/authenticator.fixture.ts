/** An authenticator in software: makes passkeys and signs with them, honestly or as a test wants it. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

type Cbor = number | string | Uint8Array | Map<Cbor, Cbor>

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}

/** As much of RFC 8949 as an attestation needs. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)])
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flat().map((part) => cbor(part))])
  return Buffer.concat([head(2, value.length), value])
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest()
const base64url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url')

const userPresent = 0x01
const userVerified = 0x04
const attested = 0x40

export interface Circumstances {
  readonly origin?: string
  readonly rpId?: string
  readonly userVerification?: 'done' | 'not done'
  /** What the authenticator says it has counted; it counts for itself otherwise. */
  readonly signCount?: number
  readonly userHandle?: string | null
}

interface Options {
  readonly challenge: string
}

/** One credential of one authenticator. */
export function anAuthenticator({ counts = true } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(32)
  const aaguid = randomBytes(16)
  let count = 0
  let handle = ''

  const next = ({ signCount }: Circumstances) => {
    count = signCount ?? (counts ? count + 1 : 0)
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(count)
    return bytes
  }
  const authData = (circumstances: Circumstances, more: readonly Uint8Array[] = []) => {
    const verified = circumstances.userVerification === 'not done' ? 0 : userVerified
    const flags = userPresent | verified | (more.length > 0 ? attested : 0)
    const rp = sha256(circumstances.rpId ?? 'localhost')
    return Buffer.concat([rp, Buffer.from([flags]), next(circumstances), ...more])
  }
  const clientData = (type: string, options: Options, { origin = 'http://localhost:4000' }: Circumstances) =>
    Buffer.from(JSON.stringify({ type, challenge: options.challenge, origin, crossOrigin: false }))
  const credential = (response: Record<string, unknown>) =>
    JSON.stringify({
      id: base64url(id),
      rawId: base64url(id),
      type: 'public-key',
      response,
      clientExtensionResults: {},
    })

  return {
    id: base64url(id),
    /** Answers `navigator.credentials.create`. */
    create(optionsJson: string, circumstances: Circumstances = {}): string {
      const options = JSON.parse(optionsJson) as Options & { user: { id: string } }
      handle = options.user.id
      const credentialData = [aaguid, Buffer.from([0, id.length]), id, cbor(coseKey(publicKey))]
      const data = authData(circumstances, credentialData)
      const attestation = new Map<Cbor, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', data],
      ])
      return credential({
        clientDataJSON: base64url(clientData('webauthn.create', options, circumstances)),
        attestationObject: base64url(cbor(attestation)),
        transports: ['internal'],
      })
    },
    /** Answers `navigator.credentials.get`. */
    get(optionsJson: string, circumstances: Circumstances = {}): string {
      const client = clientData('webauthn.get', JSON.parse(optionsJson) as Options, circumstances)
      const data = authData(circumstances)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), privateKey)
      return credential({
        clientDataJSON: base64url(client),
        authenticatorData: base64url(data),
        signature: base64url(signature),
        userHandle: circumstances.userHandle === undefined ? handle : circumstances.userHandle,
      })
    },
  }
}

/** EC2, ES256 on P-256 (RFC 9053). */
function coseKey(publicKey: KeyObject): Map<Cbor, Cbor> {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  return new Map<Cbor, Cbor>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ])
}
