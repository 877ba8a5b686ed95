/** What becomes of a keyring's file when a secret is changed: a new version comes in front, an old one goes. Pure. */
import { generateKeyPairSync } from 'node:crypto'
import { type Entropy, randomBase62 } from '@latchkey/clock'
import { newSecret, type Purpose, purposes } from './keyring.ts'
import { inForce, type KeyringFile, type Service, services, type Version } from './keyring-file.ts'

/** What is rotated by itself: the secret of a purpose, or the keys that the services sign with. */
export const secretKinds = [...purposes, 'services'] as const
export type SecretKind = (typeof secretKinds)[number]

export const isSecretKind = (name: string): name is SecretKind => secretKinds.some((kind) => kind === name)

/** A pair that a service signs with. */
export function newServiceKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  }
}

/** `makes`: what is new is made by it. `waits`: it reads already, and makes from a moment to come. `reads`: it made once. */
export type VersionState = 'makes' | 'waits' | 'reads'

export interface VersionStanding {
  readonly id: string
  readonly state: VersionState
  /** Since when it makes, or from when on; `null`: nobody wrote that down. */
  readonly makesFrom: Date | null
  /** Since when a newer one makes in its place; `null`: none does, or nobody wrote that down. */
  readonly replacedAt: Date | null
}

const versionsOf = (file: KeyringFile, kind: SecretKind): readonly Version[] =>
  (kind === 'services' ? services.map((service) => file.services[service]).find(Boolean) : file.secrets[kind]) ?? []

const dateOf = (text: string | undefined): Date | null => (text === undefined ? null : new Date(text))

/** Of a kind, newest first. */
export function standingsOf(file: KeyringFile, kind: SecretKind, now: Date): readonly VersionStanding[] {
  const versions = versionsOf(file, kind)
  const making = versions.indexOf(inForce(versions, now)[0] ?? { id: '' })
  return versions.map(({ id, makesFrom }, at) => ({
    id,
    state: at === making ? 'makes' : at < making ? 'waits' : 'reads',
    makesFrom: dateOf(makesFrom),
    replacedAt: at > making ? dateOf(versions[at - 1]?.makesFrom) : null,
  }))
}

function changed(
  file: KeyringFile,
  kind: SecretKind,
  {
    secret,
    key,
  }: {
    secret: (versions: NonNullable<KeyringFile['secrets'][Purpose]>) => NonNullable<KeyringFile['secrets'][Purpose]>
    key: (versions: NonNullable<KeyringFile['services'][Service]>) => NonNullable<KeyringFile['services'][Service]>
  },
): KeyringFile {
  if (kind !== 'services') return { ...file, secrets: { ...file.secrets, [kind]: secret(file.secrets[kind] ?? []) } }
  const keys = Object.entries(file.services).map(([name, versions]) => [name, key(versions)])
  return { ...file, services: Object.fromEntries(keys) }
}

export interface NewVersion {
  /** From when on it makes what is new. */
  readonly makesFrom: Date
  readonly entropy: Entropy
}

/** Puts a new version in front. Throws when the one before has not begun to make yet. */
export function withNewVersion(file: KeyringFile, kind: SecretKind, { makesFrom, entropy }: NewVersion, now: Date) {
  const waiting = standingsOf(file, kind, now).find(({ state }) => state === 'waits')
  if (waiting)
    throw new Error(
      `${kind}/${waiting.id} waits to take over at ${waiting.makesFrom?.toISOString()}; rotate after that`,
    )
  if (file.service) throw new Error(`this is the part of ${file.service}: rotate the whole keyring, then slice it anew`)
  const id = randomBase62(entropy, 6)
  const from = makesFrom.toISOString()
  const next = changed(file, kind, {
    secret: (versions) => [{ id, secret: newSecret(entropy), makesFrom: from }, ...versions],
    key: (versions) => [{ id, ...newServiceKey(), makesFrom: from }, ...versions],
  })
  return { id, file: next }
}

/** Takes a version out that makes nothing any more. Throws for any other, saying why. */
export function withoutVersion(file: KeyringFile, kind: SecretKind, id: string, now: Date): KeyringFile {
  const found = standingsOf(file, kind, now).find((version) => version.id === id)
  if (!found) throw new Error(`the keyring holds no ${kind}/${id}`)
  if (found.state === 'makes') throw new Error(`${kind}/${id} makes what is new: rotate first`)
  if (found.state === 'waits') throw new Error(`${kind}/${id} has not begun: processes wait for it`)
  const others = <Each extends Version>(versions: Each[]) => versions.filter((version) => version.id !== id)
  return changed(file, kind, { secret: others, key: others })
}
