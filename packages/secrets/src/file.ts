/** The keyring's file: the secrets of an installation, and the keys each of its services signs with. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type Clock, type Entropy, systemClock } from '@latchkey/clock'
import { createKeyring, type Keyring, newKeyringMaterial, purposes } from './keyring.ts'
import {
  inForce,
  isService,
  type KeyringFile,
  parseFile,
  partOf,
  replaceFile,
  type Service,
  services,
  writeNew,
} from './keyring-file.ts'
import {
  newServiceKey,
  type SecretKind,
  standingsOf,
  type VersionStanding,
  withNewVersion,
  withoutVersion,
} from './rotation.ts'

export { isService, type Service, services } from './keyring-file.ts'
export { isSecretKind, type SecretKind, secretKinds, type VersionStanding } from './rotation.ts'

/** What a process needs of the keyring. */
export interface KeyringHolder {
  readonly keyring: Keyring
  /** The key this service signs with. Throws when the file does not hold it. */
  signingKey(service: Service): KeyObject
  /** Those that this service signs with, signed with, and will sign with: what others must know. Throws as above. */
  signingKeys(service: Service): readonly KeyObject[]
  /** The public keys of the named services. Throws when one is missing. */
  publicKeys(...names: readonly Service[]): Readonly<Record<string, KeyObject>>
  /** All that a service is known by; the one it signs with first. Throws when there is none. */
  publicKeysOf(service: Service): readonly KeyObject[]
}

const newFile = (entropy: Entropy) => ({
  format: 1,
  secrets: newKeyringMaterial(entropy),
  services: Object.fromEntries(services.map((service) => [service, newServiceKey()])),
})

/** Writes a new keyring that only its owner can read. Throws when the file exists: secrets are never overwritten. */
export const createKeyringFile = (path: string, entropy: Entropy): void => writeNew(path, newFile(entropy), entropy)

function requireService(service: string): asserts service is Service {
  if (!isService(service)) throw new Error(`there is no service ${service}; the services are ${services.join(', ')}`)
}

/** Writes, from a whole keyring, the part one service needs. Throws when the new file exists. */
export function sliceKeyringFile(path: string, service: string, newPath: string, entropy: Entropy): void {
  requireService(service)
  writeNew(newPath, partOf(parseFile(path), service), entropy)
}

/** Writes the part anew in place of the one before, for processes that follow it. */
export function resliceKeyringFile(path: string, service: string, partPath: string, entropy: Entropy): void {
  requireService(service)
  replaceFile(partPath, partOf(parseFile(path), service), entropy)
}

/** The versions of every kind that the file holds, newest first. */
export const keyringStandings = (path: string, now: Date) => {
  const file = parseFile(path)
  return (kind: SecretKind): readonly VersionStanding[] => standingsOf(file, kind, now)
}

export interface Rotation {
  readonly kind: SecretKind
  /** From when on the new version makes what is new: every process has to know it by then. */
  readonly makesFrom: Date
  readonly now: Date
  readonly entropy: Entropy
}

/** Puts a new version of a secret into the file, in one step; answers its id. Throws, and changes nothing, when it cannot be. */
export function rotateKeyringFile(path: string, { kind, makesFrom, now, entropy }: Rotation): string {
  const { id, file } = withNewVersion(parseFile(path), kind, { makesFrom, entropy }, now)
  replaceFile(path, file, entropy)
  return id
}

/** Takes an old version out of the file. What it made cannot be read again. Throws as above. */
export function retireInKeyringFile(
  path: string,
  { kind, id, now, entropy }: { kind: SecretKind; id: string; now: Date; entropy: Entropy },
): void {
  replaceFile(path, withoutVersion(parseFile(path), kind, id, now), entropy)
}

const derOf = (text: string) => Buffer.from(text, 'base64')

/** What the file says at a moment. */
export function holderOf(path: string, file: KeyringFile, { now, entropy }: { now: Date; entropy: Entropy }) {
  const missing = (service: Service, what: string) => new Error(`${path} does not hold the ${what} key of ${service}`)
  const privateOf = (service: Service) =>
    inForce(file.services[service] ?? [], now).flatMap(({ privateKey: text }) =>
      text ? [createPrivateKey({ key: derOf(text), format: 'der', type: 'pkcs8' })] : [],
    )
  const publicOf = (service: Service) =>
    inForce(file.services[service] ?? [], now).map(({ publicKey: text }) =>
      createPublicKey({ key: derOf(text), format: 'der', type: 'spki' }),
    )
  const privateKeys = new Map(services.map((service) => [service, privateOf(service)]))
  const knownKeys = new Map(services.map((service) => [service, publicOf(service)]))
  const secrets = purposes.flatMap((purpose) => {
    const versions = file.secrets[purpose]
    return versions ? [[purpose, inForce(versions, now)] as const] : []
  })

  function signingKeys(service: Service): readonly KeyObject[] {
    const own = privateKeys.get(service) ?? []
    if (own.length === 0) throw missing(service, 'private')
    return own
  }
  function publicKeysOf(service: Service): readonly KeyObject[] {
    const known = knownKeys.get(service) ?? []
    if (known.length === 0) throw missing(service, 'public')
    return known
  }
  const first = (all: readonly KeyObject[]): KeyObject => {
    const [key] = all
    if (!key) throw new Error(`${path} holds no such key`)
    return key
  }
  return {
    keyring: createKeyring(Object.fromEntries(secrets), entropy),
    signingKeys,
    signingKey: (service: Service) => first(signingKeys(service)),
    publicKeysOf,
    publicKeys: (...names: readonly Service[]) =>
      Object.fromEntries(names.map((service) => [service, first(publicKeysOf(service))])),
  } satisfies KeyringHolder
}

/**
 * Reads a keyring, as it is at this moment. Throws with what is wrong: absent, open to everyone's changes, a secret that is short, missing
 * or not random.
 */
export const readKeyringFile = (path: string, entropy: Entropy, clock: Clock = systemClock): KeyringHolder =>
  holderOf(path, parseFile(path), { now: clock.now(), entropy })
