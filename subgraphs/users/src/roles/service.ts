/** What can be done with roles that exist: show them, grant one, revoke one. */
import type { Clock } from '@latchkey/clock'
import { isServiceAccount } from '@latchkey/principal/owner-kind'
import { badInput, Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { AccountStore } from '../accounts/store.ts'
import { type Administrator, requireReach, theOperator } from '../administration/administrator.ts'
import type { Audit } from '../audit/audit.ts'
import { parseEmailAddress } from '../email/email-address.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { BlindIndexer } from '../identifiers/blind-index.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { demandsFactor } from '../service-accounts/service-account.ts'
import { judgedAgain } from './judged-again.ts'
import type { RoleCatalogue } from './role.ts'
import { createRoleBook, type Role, type RoleBook } from './role-book.ts'
import type { GrantChange, RoleHolder, RoleStore, Written } from './store.ts'

interface Granted {
  readonly outcome: 'GRANTED' | 'HELD_ALREADY'
  readonly userId: string
}

interface Revoked {
  readonly outcome: 'REVOKED' | 'NOT_HELD'
  readonly userId: string
}

export type RoleGranted = Granted | { readonly outcome: 'UNKNOWN_ACCOUNT' | 'UNKNOWN_ROLE' }

export interface GrantInput {
  readonly userId: string
  readonly role: string
}

export interface RoleDependencies {
  readonly store: RoleStore
  readonly accounts: Pick<AccountStore, 'idByEmail'>
  readonly indexer: BlindIndexer
  readonly catalogue: RoleCatalogue
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly grantsTeller: GrantsTeller
}

/** Nobody grants, revokes or touches what reaches further than they do. Every process knows of a change when it resolves. */
export interface RoleService {
  book(): Promise<RoleBook>
  roles(): Promise<readonly Role[]>
  grantTo(input: GrantInput, by: Administrator): Promise<Granted>
  /** Rejects with CONFLICT when no active administrator would be left. */
  revoke(input: GrantInput, by: Administrator): Promise<Revoked>
  /** Whose account the address is of; `null`: nobody's. */
  accountIdOf(email: string): Promise<string | null>
  /** The operator's way: by address. */
  grant(granted: { readonly email: string; readonly role: string }): Promise<RoleGranted>
}

export function createRoleService(dependencies: RoleDependencies): RoleService {
  const { store, accounts, indexer, catalogue, outbox, audit, clock, grantsTeller } = dependencies

  async function book(): Promise<RoleBook> {
    const { roles, stamp } = await store.roles()
    return createRoleBook(roles, stamp, catalogue)
  }

  /** Both of one moment, or of two that the change will not be written after. */
  async function read({ userId, role }: GrantInput) {
    const [roles, holder] = await Promise.all([book(), isAccountId(userId) ? store.holder(userId) : null])
    if (!holder || holder.status === 'deleted') throw new Problem('NOT_FOUND', 'no such account')
    if (!roles.stored(role)) throw badInput({ 'input.role': 'there is no such role' })
    return { roles, holder }
  }

  function requireBoth(roles: RoleBook, holder: RoleHolder, role: string, by: Administrator): void {
    requireReach(by, roles.beyondEveryone(roles.scopesOf([role])), `The role ${role}`)
    requireReach(by, roles.beyondEveryone(roles.scopesOf(holder.roles)), 'The account')
  }

  function refuseDemanding(roles: RoleBook, { id }: RoleHolder, role: string): void {
    if (isServiceAccount(id) && demandsFactor(roles, role))
      throw badInput({ 'input.role': 'a service account has no second factor, which this role asks for' })
  }

  function changeOf(roles: RoleBook, holder: RoleHolder, action: 'grant' | 'revoke', role: string, by: Administrator) {
    const outcome = action === 'grant' ? 'granted' : 'revoked'
    return {
      stamp: roles.stamp,
      holder,
      role,
      at: clock.now(),
      administering: null,
      consequences: {
        records: [audit({ action: `role.${action}`, target: holder.id, outcome, detail: { role } }, by.cause)],
        messages: [outbox.message({ kind: 'grants', userId: holder.id })],
        tokens: [],
      },
    } satisfies GrantChange
  }

  const told = async (written: Written, userId: string) => {
    if (written === 'done') await grantsTeller.tell(userId)
    return written
  }

  async function grantTo(input: GrantInput, by: Administrator) {
    const { userId, role } = input
    return judgedAgain<Granted>(async () => {
      const { roles, holder } = await read(input)
      requireBoth(roles, holder, role, by)
      refuseDemanding(roles, holder, role)
      if (holder.roles.includes(role)) return { written: 'done', value: { outcome: 'HELD_ALREADY', userId } }
      const written = await told(await store.grant(changeOf(roles, holder, 'grant', role, by)), userId)
      return { written, value: { outcome: 'GRANTED', userId } }
    })
  }

  async function accountIdOf(email: string): Promise<string | null> {
    const address = parseEmailAddress(email)
    return address && (await accounts.idByEmail(indexer.every(address)))
  }

  return {
    book,
    async roles() {
      const all = await book()
      return all.names.map(all.shown)
    },
    grantTo,
    async revoke(input, by) {
      const { userId, role } = input
      return judgedAgain<Revoked>(async () => {
        const { roles, holder } = await read(input)
        requireBoth(roles, holder, role, by)
        if (!holder.roles.includes(role)) return { written: 'done', value: { outcome: 'NOT_HELD', userId } }
        const administering = roles.administering()
        const left = holder.roles.filter((held) => held !== role)
        const loses = administering.includes(role) && !left.some((held) => administering.includes(held))
        const change = changeOf(roles, holder, 'revoke', role, by)
        const revoked = await store.revoke({ ...change, administering: loses ? administering : null })
        return { written: await told(revoked, userId), value: { outcome: 'REVOKED', userId } }
      })
    },
    accountIdOf,
    async grant({ email, role }) {
      if (!(await book()).stored(role)) return { outcome: 'UNKNOWN_ROLE' }
      const userId = await accountIdOf(email)
      return userId ? grantTo({ userId, role }, theOperator) : { outcome: 'UNKNOWN_ACCOUNT' }
    },
  }
}
