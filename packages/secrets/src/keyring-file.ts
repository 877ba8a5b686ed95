/** The form of a keyring's file: how it is read, judged and written. */
import { createHash } from 'node:crypto'
import { chownSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type Entropy, randomBase62 } from '@latchkey/clock'
import { z } from 'zod'
import { type Purpose, purposes } from './keyring.ts'
import { readWrapped } from './kms/wrapped-text.ts'

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
  if (readWrapped(text)) throw new Error(`${path} is wrapped by key management, and can only be read by it`)
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

const textOf = (file: object) => `${JSON.stringify(file, null, 2)}\n`

// Written aside and moved in place: a process that is killed meanwhile leaves no half of a keyring, and none is ever read.
const writeAside = (aside: string, text: string) => writeFileSync(aside, text, { mode: 0o600, flag: 'wx' })

const asideOf = (path: string, entropy: Entropy) => `${path}.${randomBase62(entropy, 8)}`

/** For whoever owned the one before it, and for nobody else. */
function moveOver(aside: string, target: string): void {
  const { uid, gid } = statSync(target)
  chownSync(aside, uid, gid)
  renameSync(aside, target)
}

export function writeNew(path: string, file: object, entropy: Entropy): void {
  if (existsSync(path)) throw new Error(`${path} exists already; a keyring is never overwritten`)
  const aside = asideOf(path, entropy)
  writeAside(aside, textOf(file))
  renameSync(aside, path)
}

/** Whatever was there: for a file that follows from another one. */
export function replaceFile(path: string, file: object, entropy: Entropy): void {
  const target = realpathSync(path)
  const aside = asideOf(target, entropy)
  writeAside(aside, textOf(file))
  moveOver(aside, target)
}

/** There is one for each text that a keyring ever had, so whoever makes it is the only one who changes that text. */
const successorOf = (target: string, before: string) =>
  `${target}.after-${createHash('sha256').update(before).digest('hex').slice(0, 16)}`

function claim(target: string, before: string, after: string): string {
  const successor = successorOf(target, before)
  try {
    writeAside(successor, after)
    return successor
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    throw new Error(
      `${target} is being changed by somebody else: look at what came of it (secrets status), then try again. ` +
        `Should nobody be at it, a process was killed while it was: remove ${successor}`,
    )
  }
}

/** Puts a changed keyring in place of the text it was made from. Throws, and changes nothing, when another change came first. */
export function replaceUnchanged(path: string, { before, after }: { before: string; after: object }): void {
  const target = realpathSync(path)
  const successor = claim(target, before, textOf(after))
  if (readFileSync(target, 'utf8') !== before) {
    rmSync(successor)
    throw new Error(
      `${target} was changed by somebody else meanwhile: look at what came of it (secrets status), then try again`,
    )
  }
  moveOver(successor, target)
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
