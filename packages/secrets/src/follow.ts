/** A keyring that follows its file: a new version is taken without a restart, and begins to make when its moment has come. */
import { readFile } from 'node:fs/promises'
import { type Clock, type Entropy, secondMs } from '@latchkey/clock'
import { holderOf, type KeyringHolder } from './file.ts'
import { type Keyring, purposes } from './keyring.ts'
import { inForce, type KeyringFile, parseKeyring, readKeyringText } from './keyring-file.ts'
import { isAway, type KeyManagement } from './kms/key-management.ts'
import { type KmsSettings, keyManagementOf } from './kms/settings.ts'
import { openText } from './kms/wrapped-text.ts'

/** As a logger has it. */
interface Log {
  info(told: object, text: string): void
  error(told: object, text: string): void
}

export interface FollowedKeyring extends KeyringHolder {
  /** Told, and at once, of what is held from now on. */
  follow(follower: (held: KeyringHolder) => void): void
  /** By kind, the ids of the versions that are held. */
  versions(): Readonly<Record<string, readonly string[]>>
  /** Ends the looking. */
  close(): void
}

export interface FollowOptions {
  readonly entropy: Entropy
  readonly clock: Clock
  /** Who unwraps it; `null`: it is a plain file. Asked at the start and when the file has changed, and at no other time. */
  readonly kms: KeyManagement | null
  readonly logger?: Log
  /** Between two looks; a second unless said. */
  readonly pauseMs?: number
}

interface Held {
  /** As it stands in the file. */
  readonly text: string
  readonly file: KeyringFile
  readonly holder: KeyringHolder
  /** Which version of each makes. */
  readonly making: string
}

const makingAt = (file: KeyringFile, now: Date): string =>
  [...Object.values(file.secrets), ...Object.values(file.services)]
    .map((versions) => inForce<{ id: string; makesFrom?: string | undefined }>(versions, now)[0]?.id)
    .join(' ')

/** A file of which some secret has no version that is held was not rotated: it is another keyring, put there by mistake. */
function requireAkin(path: string, before: KeyringFile, after: KeyringFile): void {
  if (before.service !== after.service) throw new Error(`${path} is the part of another service`)
  const strange = purposes.filter((purpose) => {
    const known = new Set(before.secrets[purpose]?.map(({ id }) => id))
    return known.size > 0 && !after.secrets[purpose]?.some(({ id }) => known.has(id))
  })
  if (strange.length > 0)
    throw new Error(
      `${path} is another keyring: it shares no version of ${strange.join(', ')} with the one that is held`,
    )
}

const versionsIn = (file: KeyringFile) =>
  Object.fromEntries(
    [...Object.entries(file.secrets), ['services', Object.values(file.services)[0] ?? []] as const].map(
      ([kind, all]) => [kind, all.map(({ id }: { id: string }) => id)],
    ),
  )

/**
 * Rejects as reading it does, with what `isAway` knows when key management cannot be had. Whatever is wrong with the file later leaves everything as it is. It looks at what the file holds, never at what
 * the file system says of it: whether it is renamed over or reached by a link that leads elsewhere (as Kubernetes changes a Secret) is the same.
 */
export async function followKeyringFile(path: string, options: FollowOptions): Promise<FollowedKeyring> {
  const { entropy, clock, kms, logger, pauseMs = secondMs } = options
  const followers: ((held: KeyringHolder) => void)[] = []
  const hold = (text: string, file: KeyringFile): Held => {
    const now = clock.now()
    return { text, file, holder: holderOf(path, file, { now, entropy }), making: makingAt(file, now) }
  }
  const read = async (text: string) => hold(text, parseKeyring(path, await openText(path, text, kms)))
  let held = await read(readKeyringText(path))
  let refused = ''

  function take(next: Held): void {
    held = next
    refused = ''
    for (const follower of followers) follower(next.holder)
  }

  async function judge(text: string): Promise<void> {
    if (text === held.text) {
      if (makingAt(held.file, clock.now()) === held.making) return
      take(hold(text, held.file))
      logger?.info({ file: path, versions: versionsIn(held.file) }, 'a newer version of a secret makes what is new')
      return
    }
    const next = await read(text)
    requireAkin(path, held.file, next.file)
    take(next)
    logger?.info({ file: path, versions: versionsIn(next.file) }, 'the keyring has changed and is taken')
  }

  async function look(): Promise<void> {
    try {
      await judge(await readFile(path, 'utf8'))
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      if (reason !== refused)
        logger?.error({ file: path }, `the keyring is not taken, the one before is held: ${reason}`)
      refused = reason
    }
  }

  let state: 'open' | 'closed' = 'open'
  let timer = setTimeout(turn, pauseMs).unref()
  async function turn(): Promise<void> {
    await look()
    if (state === 'open') timer = setTimeout(turn, pauseMs).unref()
  }

  const now = (): Keyring => held.holder.keyring
  return {
    keyring: {
      mac: (...asked) => now().mac(...asked),
      macWith: (...asked) => now().macWith(...asked),
      keyIds: (...asked) => now().keyIds(...asked),
      seal: (...asked) => now().seal(...asked),
      open: (...asked) => now().open(...asked),
    },
    signingKey: (...asked) => held.holder.signingKey(...asked),
    signingKeys: (...asked) => held.holder.signingKeys(...asked),
    publicKeys: (...asked) => held.holder.publicKeys(...asked),
    publicKeysOf: (...asked) => held.holder.publicKeysOf(...asked),
    follow(follower) {
      followers.push(follower)
      follower(held.holder)
    },
    versions: () => versionsIn(held.file),
    close() {
      state = 'closed'
      clearTimeout(timer)
    },
  }
}

interface KeyringSettings extends KmsSettings {
  readonly LATCHKEY_KEYRING_FILE: string
}

/** The keyring of a service, as its environment says where it is: to be waited for while key management cannot be had. */
export const keyringWanted = (settings: KeyringSettings, options: Omit<FollowOptions, 'kms'>) => ({
  name: 'keyring',
  get: () => followKeyringFile(settings.LATCHKEY_KEYRING_FILE, { ...options, kms: keyManagementOf(settings) }),
  isAway,
})
