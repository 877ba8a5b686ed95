/** Whoever an operation is explained for, known as a request of theirs would make them known. */
import { type Clock, secondMs } from '@latchkey/clock'
import { actingUserId, anonymous, type Principal } from '@latchkey/principal'
import type { KeyEnvironment } from '@latchkey/principal/api-key-text'
import {
  type ApiKeyRecord,
  type CredentialRecords,
  type GrantsRecord,
  isActiveAt,
} from '@latchkey/principal/credential-records'
import type { KeyRefusal } from '@latchkey/principal/key-refusal'
import { judgeKey } from '@latchkey/principal/key-verdict'
import { badInput, Problem } from '@latchkey/problem'
import { callerBySession } from '../authenticate/access-token.ts'
import { callerByKey } from '../authenticate/api-key.ts'
import type { RecordLoaders } from '../authenticate/record-loaders.ts'
import type { Caller } from '../pipeline.ts'
import type { Proof, Somebody } from './question.ts'
import type { RoleCatalogue } from './role-catalogue.ts'

/** What an account is permitted. */
export type Account = Pick<GrantsRecord, 'userId' | 'roles' | 'scopes'>

export interface Subject {
  readonly caller: Caller
  /** Whose permissions count. `null`: nobody's. */
  readonly account: Account | null
  /** Why their credential is refused, whatever they ask. */
  readonly refusal: KeyRefusal | 'ACCOUNT_NOT_ACTIVE' | null
}

export interface SubjectDependencies extends Pick<RecordLoaders, 'loadGrants' | 'loadApiKey'> {
  readonly records: Pick<CredentialRecords, 'grants' | 'apiKey'>
  /** Of the keys that are let in here. */
  readonly environment: KeyEnvironment
  readonly clock: Clock
}

export interface Subjects {
  /** Who asks, as they ask now. */
  own(principal: Principal): Promise<Subject>
  /** Throws NOT_FOUND when there is no such account or key, and FORBIDDEN for roles that are not known. */
  other(somebody: Somebody, roles: RoleCatalogue | null): Promise<Subject>
}

const nobody: Subject = { caller: { principal: anonymous }, account: null, refusal: null }

/** Records are read as authentication reads them: from the shared store, else from the subgraphs that own them. */
export function createSubjects(dependencies: SubjectDependencies): Subjects {
  const { records, loadGrants, loadApiKey, environment, clock } = dependencies

  async function grantsOf(userId: string): Promise<GrantsRecord> {
    const grants = (await records.grants(userId)) ?? (await loadGrants(userId))
    if (!grants) throw new Problem('NOT_FOUND', `no account ${userId}`)
    return grants
  }

  async function keyOf(keyId: string): Promise<{ readonly key: ApiKeyRecord; readonly grants: GrantsRecord }> {
    const known = await records.apiKey(keyId)
    const key = known.key ?? (await loadApiKey(keyId))
    if (!key || key.environment !== environment) throw new Problem('NOT_FOUND', `no key ${keyId}`)
    return { key, grants: known.grants ?? (await grantsOf(key.ownerId)) }
  }

  async function byKey(keyId: string): Promise<Subject> {
    const { key, grants } = await keyOf(keyId)
    return { caller: callerByKey(key, grants), account: grants, refusal: refusalOf(key, grants) }
  }

  /** From where it would be shown nobody can say: it is taken to be one of the places that it works from. */
  function refusalOf(key: ApiKeyRecord, grants: GrantsRecord): KeyRefusal | null {
    const { networks: _, origins: __, ...confinement } = key.confinement ?? {}
    const anywhere = { key: { ...key, confinement }, address: undefined, origin: undefined }
    return judgeKey({ ...anywhere, secret: 'proved', grants, environment, nowMs: clock.now().getTime() })
  }

  async function person(userId: string, proof: Proof): Promise<Subject> {
    const grants = await grantsOf(userId)
    const isActive = isActiveAt(grants, clock.now().getTime())
    return { ...inPerson(grants, proof, clock), refusal: isActive ? null : 'ACCOUNT_NOT_ACTIVE' }
  }

  return {
    async own(principal) {
      const userId = actingUserId(principal)
      if (principal.kind === 'apiKey') return { ...(await byKey(principal.keyId)), refusal: null }
      if (principal.kind !== 'user' || userId === null) return { ...nobody, caller: { principal } }
      const account = principal.act ? await grantsOf(userId) : principal
      return { caller: { principal }, account, refusal: null }
    },
    async other(somebody, roles) {
      if (somebody.kind === 'anonymous') return nobody
      if (somebody.kind === 'apiKey') return byKey(somebody.keyId)
      if (somebody.kind === 'user') return person(somebody.userId, somebody.proof)
      if (somebody.kind === 'scopes')
        return inPerson({ userId: '', roles: [], scopes: somebody.scopes }, somebody.proof, clock)
      if (!roles) throw new Problem('FORBIDDEN', 'needs roles:read to explain roles')
      const unknown = somebody.roles.filter((name) => !roles.has(name)).slice(0, 5)
      if (unknown.length > 0) throw badInput({ 'input.as.roles': `there is no role ${JSON.stringify(unknown)}` })
      const scopes = roles.scopesOf(somebody.roles)
      return inPerson({ userId: '', roles: somebody.roles, scopes }, somebody.proof, clock)
    },
  }
}

/** The person themselves, with the account's permissions. */
export function inPerson({ userId, roles, scopes }: Account, { acr, ageSeconds }: Proof, clock: Clock): Subject {
  const authTime = Math.floor(clock.now().getTime() / secondMs) - ageSeconds
  const standing = { session: { userId, sessionId: '' }, proved: { amr: [], acr, authTime } }
  const grants = { userId, roles, scopes, epoch: 0, active: true }
  return { caller: callerBySession(standing, grants), account: grants, refusal: null }
}
