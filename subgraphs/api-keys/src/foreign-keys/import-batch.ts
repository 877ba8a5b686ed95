/** Keys of another system, batch by batch, into the stores: each under an id of ours, found by what that system kept of it. */
import { type Clock, type Entropy, randomBase62 } from '@latchkey/clock'
import type { Scope } from '@latchkey/principal'
import { type KeyEnvironment, keyIdLength } from '@latchkey/principal/api-key-text'
import type { PublicGraph } from '@latchkey/public-graph'
import type { Keyring } from '@latchkey/secrets'
import {
  type Bringer,
  createOwnerCheck,
  type KeyChange,
  type NumberedLine,
  type RowReport,
  refused,
} from '../imports/import.ts'
import type { ImportRoom } from '../imports/store.ts'
import { type ApiKey, liveKeysMax } from '../keys/key.ts'
import { isMadeForOthers } from '../owners/owner.ts'
import { lookupByHmac, lookupByPrefix, lookupBySha256, type ParsedForeignHash } from './foreign-hash.ts'
import { type ForeignRow, parseForeignRow } from './foreign-row.ts'
import { type ForeignSecret, foreignSecretPlace } from './foreign-secret.ts'
import type { ForeignKey, NamedForeignKey } from './store.ts'

/** Each is tried with every text that is presented. */
const secretsMax = 8

export interface ForeignImportDependencies {
  readonly keyring: Pick<Keyring, 'macWith' | 'keyIds' | 'seal'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly environment: KeyEnvironment
  readonly scopesInGraph: () => readonly Scope[]
  readonly publicGraph: () => PublicGraph
}

export interface ForeignImported {
  readonly reports: readonly RowReport[]
  readonly changes: readonly KeyChange[]
}

interface NewForeignKey {
  readonly row: ForeignRow
  readonly key: ApiKey
  readonly foreign: ForeignKey
  readonly secret: ForeignSecret | null
}

export function createForeignImport(dependencies: ForeignImportDependencies) {
  const { keyring, clock, entropy, environment, scopesInGraph, publicGraph } = dependencies

  // Under the oldest version, so that a secret has the same id for as long as there is that version; then it is kept once more.
  const idOfSecret = (secret: Buffer): string =>
    keyring
      .macWith('data', keyring.keyIds('data').at(-1) ?? '', secret)
      ?.toString('base64url')
      .slice(0, 22) ?? ''

  function sealedSecretOf(hash: ParsedForeignHash): ForeignSecret | null {
    if (hash.format !== 'HMAC_SHA256') return null
    const id = idOfSecret(hash.secret)
    return { id, sealed: keyring.seal('data', hash.secret, foreignSecretPlace(id)) }
  }

  function newKeyOf(row: ForeignRow): NewForeignKey {
    const { hash, terms, ownerId, externalId } = row
    const secret = sealedSecretOf(hash)
    const id = randomBase62(entropy, keyIdLength)
    const key: ApiKey = {
      ...{ id, ownerId, ...terms, lastFour: '', secretMac: new Uint8Array(), pepperId: '', environment, version: 1 },
      ...{ createdAt: clock.now(), disabledAt: null, revokedAt: null, successorId: null },
    }
    const hashText = 'text' in hash ? hash.text : null
    const lookup = lookupOf(hash, secret?.id ?? '')
    const kept = { keyId: id, externalId, lookup, format: hash.format, hash: hashText }
    return { row, key, foreign: { ...kept, secretId: secret?.id ?? null, rehashedAt: null }, secret }
  }

  return async (lines: readonly NumberedLine[], room: ImportRoom, bringer: Bringer): Promise<ForeignImported> => {
    const now = clock.now()
    const terms = { known: scopesInGraph(), graph: publicGraph(), now }
    const parsed = lines.map(({ line, text }) => parseForeignRow(line, text, terms))
    const keys = parsed.flatMap((row) => ('fault' in row ? [] : [newKeyOf(row)]))
    const judge = await createJudge(keys, room, { bringer, now })
    const reports: RowReport[] = []
    const added: NewForeignKey[] = []
    let next = 0
    for (const [at, row] of parsed.entries()) {
      const key = 'fault' in row ? undefined : keys[next++]
      const report = key ? judge(key) : refused(lines[at]?.line ?? 0, 'fault' in row ? row.fault : '')
      if (key && report.outcome === 'ADDED') added.push(key)
      reports.push(report)
    }
    await room.addForeign(added, secretsOf(added))
    return {
      reports,
      changes: added.map(({ key, foreign }) => ({
        ...{ keyId: key.id, action: 'api-key.imported', detail: { format: foreign.format, scopes: key.scopes } },
      })),
    }
  }
}

const byOperator = 'the operator’s command brings it in'

/** Why a person does not bring the key in, whose text they may know. */
function faultOfBringer(bringer: Bringer, { ownerId, scopes }: ApiKey): string | null {
  if (bringer === 'operator') return null
  if (ownerId !== bringer.userId && !isMadeForOthers(ownerId)) return `it is of another person: ${byOperator}`
  const beyond = scopes.filter((scope) => !bringer.scopes.includes(scope))
  return beyond.length > 0 ? `it holds what you do not hold, ${beyond.join(', ')}: ${byOperator}` : null
}

const lookupOf = (hash: ParsedForeignHash, secretId: string): string => {
  if (hash.format === 'SHA256') return lookupBySha256(hash.digest)
  return hash.format === 'HMAC_SHA256' ? lookupByHmac(secretId, hash.digest) : lookupByPrefix(hash.prefix)
}

const secretsOf = (keys: readonly NewForeignKey[]): readonly ForeignSecret[] => [
  ...new Map(keys.flatMap(({ secret }) => (secret ? [[secret.id, secret] as const] : []))).values(),
]

/** Says of each key, in turn, what becomes of it; what was said of those before it counts. */
async function createJudge(
  keys: readonly NewForeignKey[],
  room: ImportRoom,
  { bringer, now }: { readonly bringer: Bringer; readonly now: Date },
) {
  const owners = [...new Set(keys.map(({ key }) => key.ownerId))]
  const externalIds = keys.map(({ foreign }) => foreign.externalId)
  const named = await room.named(
    externalIds,
    keys.map(({ foreign }) => foreign.lookup),
  )
  const standings = await room.standings(owners, now)
  const secretIds = new Set(await room.secretIds())
  const forgotten = new Set(standings.flatMap((owner) => (owner.forgotten ? [owner.ownerId] : [])))
  const faultOfOwner = createOwnerCheck(standings, { liveMax: liveKeysMax, now })
  const byExternalId = new Map(named.map((each) => [each.externalId, each]))
  const takenLookups = new Set(named.map(({ lookup }) => lookup))
  const seen = new Set<string>()

  return ({ row: { line }, key, foreign, secret }: NewForeignKey): RowReport => {
    const before = byExternalId.get(foreign.externalId)
    if (before) return reportOfKnown(line, before, key, foreign)
    if (seen.has(foreign.externalId)) return refused(line, 'an earlier row has the same externalId')
    seen.add(foreign.externalId)
    if (forgotten.has(key.ownerId)) return refused(line, 'its owner was erased')
    if (takenLookups.has(foreign.lookup))
      return refused(line, foreign.hash === null ? 'another key has the same hash' : 'another key has the same prefix')
    if (secret && !secretIds.has(secret.id) && secretIds.size >= secretsMax)
      return refused(line, `there are secrets of ${secretsMax} HMACs already`)
    const fault = faultOfBringer(bringer, key) ?? faultOfOwner(key)
    if (fault !== null) return refused(line, fault)
    takenLookups.add(foreign.lookup)
    if (secret) secretIds.add(secret.id)
    return { line, outcome: 'ADDED', keyId: key.id, reason: null }
  }
}

/** After its first use nothing is left to compare the hash with: then the external id and the owner say that it is the same. */
function reportOfKnown(line: number, before: NamedForeignKey, key: ApiKey, { lookup }: ForeignKey): RowReport {
  const { keyId } = before
  if (before.ownerId !== key.ownerId)
    return { line, outcome: 'CONFLICT', keyId, reason: 'the key of this externalId belongs to somebody else here' }
  if (before.rehashedAt === null && before.lookup !== lookup)
    return {
      line,
      outcome: 'CONFLICT',
      keyId,
      reason: 'the key of this externalId has another hash here, and keeps it',
    }
  return { line, outcome: 'SAME', keyId, reason: null }
}
