/** The keyring's file: the secrets of an installation, and the key each of its services signs with. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { type Entropy, randomBase62 } from '@latchkey/clock'
import { z } from 'zod'
import { createKeyring, type Keyring, newKeyringMaterial, type Purpose, purposes } from './keyring.ts'

/** The services that speak to one another. */
export const services = ['gateway', 'users', 'sessions', 'api-keys'] as const
export type Service = (typeof services)[number]

/** What each service uses; a process whose keyring lacks the rest cannot leak it (ASVS 13.2.2, least privilege). */
const uses: Readonly<Record<Service, { secrets: readonly Purpose[]; trusts: readonly Service[] }>> = {
  gateway: { secrets: ['api-key'], trusts: [] },
  users: {
    secrets: ['password', 'data', 'blind-index', 'one-time-token'],
    trusts: ['gateway', 'sessions', 'api-keys'],
  },
  sessions: { secrets: ['refresh-token', 'signing-key', 'identifier', 'data'], trusts: ['gateway', 'users'] },
  'api-keys': { secrets: ['api-key', 'data'], trusts: ['gateway', 'users'] },
}

const weakestSecret = /^(.)\1*$/

const secretVersion = z.strictObject({
  id: z.string().regex(/^[\w-]{1,32}$/, 'must be 1 to 32 letters, digits, _ or -'),
  secret: z
    .string()
    .refine((text) => Buffer.from(text, 'base64url').length >= 32, 'must be at least 32 bytes, base64url')
    .refine((text) => !weakestSecret.test(text), 'must be random'),
})

const keyringFile = z.strictObject({
  format: z.literal(1),
  /** Whose part of a keyring this is; absent in a whole one. */
  service: z.enum(services).optional(),
  secrets: z.partialRecord(z.enum(purposes), z.array(secretVersion).min(1)),
  /** PKCS #8 and SPKI, base64. A process needs the private key of its own service only. */
  services: z.partialRecord(
    z.enum(services),
    z.strictObject({ publicKey: z.string(), privateKey: z.string().optional() }),
  ),
})

type KeyringFile = z.infer<typeof keyringFile>

/** What a process needs of the keyring. */
export interface KeyringHolder {
  readonly keyring: Keyring
  /** The key this service signs with. Throws when the file does not hold it. */
  signingKey(service: Service): KeyObject
  /** The public keys of the named services. Throws when one is missing. */
  publicKeys(...names: readonly Service[]): Readonly<Record<string, KeyObject>>
}

function newServiceKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  }
}

const newFile = (entropy: Entropy) => ({
  format: 1,
  secrets: newKeyringMaterial(entropy),
  services: Object.fromEntries(services.map((service) => [service, newServiceKey()])),
})

function writeNew(path: string, file: object, entropy: Entropy): void {
  if (existsSync(path)) throw new Error(`${path} exists already; a keyring is never overwritten`)
  // Written aside and moved in place: a process that is killed meanwhile leaves no half of a keyring.
  const aside = `${path}.${randomBase62(entropy, 8)}`
  writeFileSync(aside, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(aside, path)
}

/** Writes a new keyring that only its owner can read. Throws when the file exists: secrets are never overwritten. */
export const createKeyringFile = (path: string, entropy: Entropy): void => writeNew(path, newFile(entropy), entropy)

export const isService = (name: string): name is Service => services.some((service) => service === name)

/** Writes, from a whole keyring, the part one service needs: its secrets, its own key, the public keys it trusts. */
export function sliceKeyringFile(path: string, service: string, newPath: string, entropy: Entropy): void {
  if (!isService(service)) throw new Error(`there is no service ${service}; the services are ${services.join(', ')}`)
  const whole = parseFile(path)
  const { secrets, trusts } = uses[service]
  const publicKeys = trusts.map((name) => [name, { publicKey: whole.services[name]?.publicKey }])
  const part = {
    format: 1,
    service,
    secrets: Object.fromEntries(secrets.map((purpose) => [purpose, whole.secrets[purpose]])),
    services: { ...Object.fromEntries(publicKeys), [service]: whole.services[service] },
  }
  writeNew(newPath, part, entropy)
}

const faultsOf = (error: z.ZodError) =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'the file'} ${message}`).join('; ')

// What JSON.parse says of a broken text quotes it, and this text is secret.
function parseJson(path: string): unknown {
  const text = readFileSync(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(
      `${path} is not JSON; restore it from a backup, or make one: npm run latchkey -- keyring create FILE`,
    )
  }
}

function parseFile(path: string): KeyringFile {
  if (!existsSync(path)) throw new Error(`${path} does not exist; make it: npm run latchkey -- keyring create ${path}`)
  if (statSync(path).mode & 0o002) throw new Error(`${path} can be changed by everyone; run: chmod 600 ${path}`)
  const { data, error } = keyringFile.safeParse(parseJson(path))
  if (error) throw new Error(`${path}: ${faultsOf(error)}`)
  const needed = data.service ? uses[data.service].secrets : purposes
  const absent = needed.filter((purpose) => !data.secrets[purpose])
  if (absent.length > 0) throw new Error(`${path} lacks the secrets for ${absent.join(', ')}`)
  return data
}

/** Reads a keyring. Throws with what is wrong: absent, open to everyone's changes, a secret that is short, missing or not random. */
export function readKeyringFile(path: string, entropy: Entropy): KeyringHolder {
  const file = parseFile(path)
  const entry = (service: Service) => file.services[service]
  const missing = (service: Service, what: string) => new Error(`${path} does not hold the ${what} key of ${service}`)
  return {
    keyring: createKeyring(Object.fromEntries(Object.entries(file.secrets)), entropy),
    signingKey(service) {
      const text = entry(service)?.privateKey
      if (!text) throw missing(service, 'private')
      return createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' })
    },
    publicKeys: (...names) =>
      Object.fromEntries(
        names.map((service) => {
          const text = entry(service)?.publicKey
          if (!text) throw missing(service, 'public')
          return [service, createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })]
        }),
      ),
  }
}
