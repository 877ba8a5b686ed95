/** The form of a keyring's file: how it is read, judged and written. */
import { chownSync, existsSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { type Entropy, randomBase62 } from '@latchkey/clock'
import { z } from 'zod'
import { type Purpose, purposes } from './keyring.ts'

/** The services that speak to one another. */
export const services = ['gateway', 'users', 'sessions', 'api-keys'] as const
export type Service = (typeof services)[number]

export const isService = (name: string): name is Service => services.some((service) => service === name)

/** What each service uses; a process whose keyring lacks the rest cannot leak it (ASVS 13.2.2, least privilege). */
export const uses: Readonly<Record<Service, { secrets: readonly Purpose[]; trusts: readonly Service[] }>> = {
  gateway: { secrets: ['api-key'], trusts: [] },
  users: {
    secrets: ['password', 'data', 'blind-index', 'one-time-token'],
    trusts: ['gateway', 'sessions', 'api-keys'],
  },
  sessions: { secrets: ['refresh-token', 'signing-key', 'identifier', 'data'], trusts: ['gateway', 'users'] },
  'api-keys': { secrets: ['api-key', 'data'], trusts: ['gateway', 'users'] },
}

const weakestSecret = /^(.)\1*$/

const versionId = z.string().regex(/^[\w-]{1,32}$/, 'must be 1 to 32 letters, digits, _ or -')
/** From when on it makes what is new; absent: since ever. Until then it only reads, so that every process knows it before. */
const makesFrom = z.iso.datetime().optional()

const secretVersion = z.strictObject({
  id: versionId,
  secret: z
    .string()
    .refine((text) => Buffer.from(text, 'base64url').length >= 32, 'must be at least 32 bytes, base64url')
    .refine((text) => !weakestSecret.test(text), 'must be random'),
  makesFrom,
})

/** PKCS #8 and SPKI, base64. A process needs the private key of its own service only. */
const serviceKeyVersion = z.strictObject({
  id: versionId.default('first'),
  publicKey: z.string(),
  privateKey: z.string().optional(),
  makesFrom,
})

const keyringFile = z.strictObject({
  format: z.literal(1),
  /** Whose part of a keyring this is; absent in a whole one. */
  service: z.enum(services).optional(),
  /** Newest first. */
  secrets: z.partialRecord(z.enum(purposes), z.array(secretVersion).min(1)),
  /** Newest first; where there is one alone, it may stand without a list. */
  services: z.partialRecord(
    z.enum(services),
    z.union([serviceKeyVersion.transform((only) => [only]), z.array(serviceKeyVersion).min(1)]),
  ),
})

export type KeyringFile = z.infer<typeof keyringFile>

/** A version of a secret, or of the key that a service signs with. */
export interface Version {
  readonly id: string
  readonly makesFrom?: string | undefined
}

/** The one that makes what is new comes first; those that do not make yet follow it with all the others, newest first. */
export function inForce<Each extends Version>(versions: readonly Each[], now: Date): readonly Each[] {
  const makes = versions.find(({ makesFrom: from }) => from === undefined || new Date(from) <= now) ?? versions.at(-1)
  return makes ? [makes, ...versions.filter((version) => version !== makes)] : []
}

const faultsOf = (error: z.ZodError) =>
  error.issues.map(({ path, message }) => `${path.join('.') || 'the file'} ${message}`).join('; ')

// What JSON.parse says of a broken text quotes it, and this text is secret.
function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(
      `${path} is not JSON; restore it from a backup, or make one: npm run latchkey -- keyring create FILE`,
    )
  }
}

/** Throws with what is wrong with the text of a file: a secret that is short, missing or not random. */
export function parseKeyring(path: string, text: string): KeyringFile {
  const { data, error } = keyringFile.safeParse(parseJson(path, text))
  if (error) throw new Error(`${path}: ${faultsOf(error)}`)
  const needed = data.service ? uses[data.service].secrets : purposes
  const absent = needed.filter((purpose) => !data.secrets[purpose])
  if (absent.length > 0) throw new Error(`${path} lacks the secrets for ${absent.join(', ')}`)
  return data
}

/** Throws besides when it is absent, or open to everyone's changes. */
export function readKeyringText(path: string): string {
  if (!existsSync(path)) throw new Error(`${path} does not exist; make it: npm run latchkey -- keyring create ${path}`)
  if (statSync(path).mode & 0o002) throw new Error(`${path} can be changed by everyone; run: chmod 600 ${path}`)
  return readFileSync(path, 'utf8')
}

export const parseFile = (path: string): KeyringFile => parseKeyring(path, readKeyringText(path))

// Written aside and moved in place: a process that is killed meanwhile leaves no half of a keyring, and none is ever read.
function writeAside(path: string, file: object, entropy: Entropy): string {
  const aside = `${path}.${randomBase62(entropy, 8)}`
  writeFileSync(aside, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return aside
}

export function writeNew(path: string, file: object, entropy: Entropy): void {
  if (existsSync(path)) throw new Error(`${path} exists already; a keyring is never overwritten`)
  renameSync(writeAside(path, file, entropy), path)
}

/** For whoever owned the one before it, and for nobody else. */
export function replaceFile(path: string, file: object, entropy: Entropy): void {
  const target = realpathSync(path)
  const { uid, gid } = statSync(target)
  const aside = writeAside(target, file, entropy)
  chownSync(aside, uid, gid)
  renameSync(aside, target)
}

/** The part of a whole keyring that one service needs: its secrets, its own keys, the public keys it trusts. */
export function partOf(whole: KeyringFile, service: Service): KeyringFile {
  const { secrets, trusts } = uses[service]
  const trusted = trusts.map((name) => [name, whole.services[name]?.map(({ privateKey: _, ...known }) => known) ?? []])
  return {
    format: 1,
    service,
    secrets: Object.fromEntries(secrets.map((purpose) => [purpose, whole.secrets[purpose]])),
    services: { ...Object.fromEntries(trusted), [service]: whole.services[service] },
  }
}
