/** The keyring's file: the secrets of an installation, and the keys each of its services signs with. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type Clock, type Entropy, systemClock } from '@latchkey/clock'
import { createKeyring, type Keyring, newKeyringMaterial, purposes } from './keyring.ts'
import {
  inForce,
  isService,
  type KeyringFile,
  parseFile,
  parseKeyring,
  partOf,
  readKeyringText,
  replaceFile,
  replaceUnchanged,
  type Service,
  services,
  writeNew,
} from './keyring-file.ts'
import type { KeyManagement } from './kms/key-management.ts'
import { openText, readWrapped, wrapText } from './kms/wrapped-text.ts'
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

/** By whom keyrings are wrapped, where they are. */
export interface KeyringTools {
  readonly entropy: Entropy
  readonly kms: KeyManagement | null
}

/** The same, and wrapped where there is key management: it never stands on the disk as it is. */
export async function createKeyringFileBy(path: string, { entropy, kms }: KeyringTools): Promise<void> {
  const file = newFile(entropy)
  writeNew(path, kms ? await wrapText(JSON.stringify(file), undefined, { entropy, kms }) : file, entropy)
}

const wrapped = (file: KeyringFile, wrapping: { readonly entropy: Entropy; readonly kms: KeyManagement }) =>
  wrapText(JSON.stringify(file), file.service, wrapping)

async function read(path: string, text: string, kms: KeyManagement | null): Promise<KeyringFile> {
  return parseKeyring(path, await openText(path, text, kms))
}

/** As `text` was: a keyring that came wrapped goes back wrapped. */
async function likewise(text: string, file: KeyringFile, { entropy, kms }: KeyringTools): Promise<object> {
  return kms && readWrapped(text) ? wrapped(file, { entropy, kms }) : file
}

function requireService(service: string): asserts service is Service {
  if (!isService(service)) throw new Error(`there is no service ${service}; the services are ${services.join(', ')}`)
}

async function sliceOf(path: string, service: string, tools: KeyringTools): Promise<object> {
  requireService(service)
  const text = readKeyringText(path)
  return likewise(text, partOf(await read(path, text, tools.kms), service), tools)
}

/** Writes, from a whole keyring, the part one service needs, wrapped where the whole is. Rejects when the new file exists. */
export async function sliceKeyringFile(path: string, service: string, newPath: string, tools: KeyringTools) {
  writeNew(newPath, await sliceOf(path, service, tools), tools.entropy)
}

/** Writes the part anew in place of the one before, for processes that follow it. */
export async function resliceKeyringFile(path: string, service: string, partPath: string, tools: KeyringTools) {
  replaceFile(partPath, await sliceOf(path, service, tools), tools.entropy)
}

/** The versions of every kind that the file holds, newest first. */
export async function keyringStandings(path: string, { now, kms }: { now: Date; kms: KeyManagement | null }) {
  const file = await read(path, readKeyringText(path), kms)
  return (kind: SecretKind): readonly VersionStanding[] => standingsOf(file, kind, now)
}

/** With what its key is wrapped, as key management says it (`vault:v3`); `null`: it is a plain file. */
export function wrappingOf(path: string): string | null {
  const found = readWrapped(readKeyringText(path))
  return found?.wrappedKey.split(':').slice(0, -1).join(':') ?? null
}

/** Puts the same keyring in place of itself, wrapped under a new key: for the first time, or anew. Rejects as rotating does. */
export async function wrapKeyringFile(
  path: string,
  wrapping: { readonly entropy: Entropy; readonly kms: KeyManagement },
) {
  const before = readKeyringText(path)
  const file = await read(path, before, wrapping.kms)
  replaceUnchanged(path, { before, after: await wrapped(file, wrapping) })
}

async function changeFile(
  path: string,
  tools: KeyringTools,
  change: (file: KeyringFile) => KeyringFile,
): Promise<void> {
  const before = readKeyringText(path)
  const after = await likewise(before, change(await read(path, before, tools.kms)), tools)
  replaceUnchanged(path, { before, after })
}

export interface Rotation {
  readonly kinds: readonly SecretKind[]
  /** From when on the new versions make what is new: every process has to know them by then. */
  readonly makesFrom: Date
  readonly now: Date
}

/**
 * Puts a new version of each of these secrets into the file, in one step; answers their ids, in the same order. Rejects, and has
 * changed nothing, when one of them cannot have it, or somebody else changes the file at that moment.
 */
export async function rotateKeyringFile(
  path: string,
  { kinds, makesFrom, now }: Rotation,
  tools: KeyringTools,
): Promise<readonly string[]> {
  const { entropy } = tools
  const ids: string[] = []
  await changeFile(path, tools, (before) =>
    kinds.reduce((file, kind) => {
      const added = withNewVersion(file, kind, { makesFrom, entropy }, now)
      ids.push(added.id)
      return added.file
    }, before),
  )
  return ids
}

/** Takes an old version out of the file. What it made cannot be read again. Rejects as above. */
export const retireInKeyringFile = (
  path: string,
  { kind, id, now }: { readonly kind: SecretKind; readonly id: string; readonly now: Date },
  tools: KeyringTools,
): Promise<void> => changeFile(path, tools, (file) => withoutVersion(file, kind, id, now))

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
 * Reads a keyring that is a plain file, as it is at this moment. Throws with what is wrong: absent, open to everyone's changes, a secret
 * that is short, missing or not random.
 */
export const readKeyringFile = (path: string, entropy: Entropy, clock: Clock = systemClock): KeyringHolder =>
  holderOf(path, parseFile(path), { now: clock.now(), entropy })

/** The same of one that may be wrapped. */
export async function openKeyringFile(
  path: string,
  { entropy, kms }: KeyringTools,
  clock: Clock,
): Promise<KeyringHolder> {
  return holderOf(path, await read(path, readKeyringText(path), kms), { now: clock.now(), entropy })
}
