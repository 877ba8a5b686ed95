/** What an account is permitted now, told to every process through the credential records. */
import type { Clock } from '@latchkey/clock'
import type { CredentialRecords, GrantsRecord } from '@latchkey/principal/credential-records'
import { isAccountId } from '../accounts/account.ts'
import { isActive } from '../administration/standing.ts'
import { admittedUntil, type EmailVerification } from '../email/policy.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { OutboxStore } from '../outbox/store.ts'
import { firstRole, type RoleCatalogue } from '../roles/role.ts'
import { effectiveRoles, scopesToEnrolWith } from './effective-roles.ts'
import type { GrantsStore, StoredGrants } from './store.ts'

export interface GrantsDependencies {
  readonly store: GrantsStore
  readonly records: CredentialRecords
  readonly catalogue: RoleCatalogue
  readonly outbox: Outbox
  readonly outboxStore: Pick<OutboxStore, 'addOnce'>
  readonly emailVerification: EmailVerification
  readonly clock: Clock
}

export interface GrantsService {
  /**
   * Reads what the account is permitted, puts it into the records and answers it; `null` for an unknown account. While the
   * grace of a role runs, it sees to it that this happens again when it ends; while keys are in doubt, that they are taken back.
   */
  publish(userId: string): Promise<GrantsRecord | null>
  /** The same for everyone who holds a role, by way of another one too: two round trips for each thousand of them. */
  publishHolders(role: string): Promise<void>
}

interface Judged {
  readonly grants: GrantsRecord
  readonly nextGraceEndsAt: Date | null
}

const holdersPerRead = 1_000

export function createGrantsService(dependencies: GrantsDependencies): GrantsService {
  const { store, records, catalogue, outbox, outboxStore, emailVerification, clock } = dependencies
  const isKnown = (scope: string) => catalogue.scopes.some(({ name }) => name === scope)

  function judge(stored: StoredGrants): Judged {
    const { id: userId, epoch, sessionEpoch, sessionKept, keysDoubted } = stored
    const now = clock.now()
    const effective = effectiveRoles(stored, now)
    const roles = effective.roles.map(({ name }) => name)
    // A scope that no schema declares any more permits nothing.
    const added = effective.roles.flatMap((role) => role.scopes).filter(isKnown)
    const own = stored.roles.some(({ name }) => name === firstRole) ? scopesToEnrolWith : []
    const held = [...new Set([...catalogue.scopesOf(roles), ...added, ...own])]
    // What was made while keys are in doubt would be taken back with them.
    const scopes = keysDoubted ? held.filter((scope) => scope !== 'keys:write') : held
    const { status, suspendedUntil, unconfirmedSince } = stored
    const active = isActive(stored, now)
    const activeFromMs = !active && status === 'suspended' ? (suspendedUntil?.getTime() ?? null) : null
    const activeUntilMs = unconfirmedSince && (admittedUntil(emailVerification, unconfirmedSince)?.getTime() ?? null)
    const grants = {
      ...{ userId, epoch, judgedAtMs: now.getTime(), active, activeFromMs, activeUntilMs },
      ...{ roles, scopes, sessionEpoch, sessionKept, keysDoubted },
    }
    return { grants, nextGraceEndsAt: effective.nextGraceEndsAt }
  }

  /** The refs name account and moment, or epoch: however often this is asked, an errand is run once. */
  async function seeToIt({ grants: { userId, epoch, keysDoubted }, nextGraceEndsAt: at }: Judged): Promise<void> {
    if (at) await outboxStore.addOnce(outbox.message({ kind: 'grants', userId }, at, `grace_${userId}_${at.getTime()}`))
    if (!keysDoubted) return
    const errand = { kind: 'key-withdrawal', userId } as const
    await outboxStore.addOnce(outbox.message(errand, clock.now(), `keys_${userId}_${epoch}`))
  }

  return {
    async publish(userId) {
      const stored = isAccountId(userId) ? await store.byUser(userId) : null
      if (!stored) return null
      const judged = judge(stored)
      await records.putGrants(judged.grants)
      await seeToIt(judged)
      return judged.grants
    },
    async publishHolders(role) {
      let page: readonly string[]
      let after = ''
      do {
        page = await store.holders(role, { after, max: holdersPerRead })
        const judged = (await store.byUsers(page)).map(judge)
        await records.putManyGrants(judged.map(({ grants }) => grants))
        for (const each of judged) await seeToIt(each)
        after = page.at(-1) ?? after
      } while (page.length === holdersPerRead)
    },
  }
}
