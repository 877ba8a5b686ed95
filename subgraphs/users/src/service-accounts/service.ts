/** What can be done with service accounts besides what is done with every account. */
import { type Clock, type Entropy, newId } from '@latchkey/clock'
import { isServiceAccount, serviceAccountPrefix } from '@latchkey/principal/owner-kind'
import { badInput, Problem } from '@latchkey/problem'
import { isAccountId } from '../accounts/account.ts'
import type { PersonalData } from '../accounts/personal-data.ts'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import type { Audit } from '../audit/audit.ts'
import { consequencesOf } from '../consequences/consequences.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { judgedAgain } from '../roles/judged-again.ts'
import type { RoleBook } from '../roles/role-book.ts'
import type { RoleStore } from '../roles/store.ts'
import {
  type CreateServiceAccountInput,
  type NewServiceAccount,
  parseNewServiceAccount,
  parseServiceAccountChange,
  type UpdateServiceAccountInput,
} from './service-account.ts'
import type { OpenedServiceAccount, ServiceAccountStore } from './store.ts'

export interface ServiceAccountDependencies {
  readonly store: ServiceAccountStore
  readonly roleStore: Pick<RoleStore, 'holder'>
  readonly book: () => Promise<RoleBook>
  readonly personalData: PersonalData
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly entropy: Entropy
  readonly grantsTeller: GrantsTeller
}

export interface ServiceAccountDetails {
  readonly description: string
  readonly responsible: readonly { readonly id: string }[]
}

/** Nobody makes or changes what reaches further than they do: FORBIDDEN. */
export interface ServiceAccountService {
  /** BAD_USER_INPUT naming every wrong member. Every process knows of it when it resolves. */
  create(input: CreateServiceAccountInput, by: Administrator): Promise<{ readonly id: string }>
  /** NOT_FOUND for what is no service account, or a deleted one. */
  update(input: UpdateServiceAccountInput, by: Administrator): Promise<{ readonly id: string }>
  /** `null`: the account is a person's. */
  details(id: string): Promise<ServiceAccountDetails | null>
}

export function createServiceAccountService(dependencies: ServiceAccountDependencies): ServiceAccountService {
  const { store, roleStore, book, personalData, outbox, audit, clock, entropy, grantsTeller } = dependencies

  async function requirePeople(ids: readonly string[]): Promise<void> {
    const people = await store.activePeople(ids)
    const unknown = ids.find((id) => !people.includes(id))
    if (unknown !== undefined)
      throw badInput({ 'input.responsible': `must be people whose accounts are active, and ${unknown} is none` })
  }

  function opened({ name, description, roles, responsible }: NewServiceAccount): OpenedServiceAccount {
    const id = newId(entropy, serviceAccountPrefix)
    const { sealedKey, personal } = personalData.newKey(id)
    return {
      ...{ id, sealedKey, roles, responsible, openedAt: clock.now() },
      email: personal.seal('email', ''),
      displayName: personal.seal('display_name', name),
      description: personal.seal('service_accounts.description', description),
    }
  }

  async function known(id: string) {
    const asked = isAccountId(id) && isServiceAccount(id)
    const [account, holder, roles] = await Promise.all([
      asked ? store.byId(id) : null,
      asked ? roleStore.holder(id) : null,
      book(),
    ])
    if (!account || !holder || holder.status === 'deleted') throw new Problem('NOT_FOUND', 'no such service account')
    return { account, holder, roles }
  }

  return {
    async create(input, by) {
      const creator = by.userId !== null && !isServiceAccount(by.userId) ? by.userId : null
      const created = await judgedAgain(async () => {
        const roles = await book()
        const asked = parseNewServiceAccount(input, { roles, creator })
        requireReach(by, roles.beyondEveryone(roles.scopesOf(asked.roles)), 'What the account would hold')
        await requirePeople(asked.responsible)
        const account = opened(asked)
        const detail = { roles: asked.roles.join(' ') }
        const event = { action: 'service-account.create', target: account.id, outcome: 'created', detail } as const
        const consequences = consequencesOf({
          records: [audit(event, by.cause)],
          messages: [outbox.message({ kind: 'grants', userId: account.id })],
        })
        const written = await store.open({ stamp: roles.stamp, account, consequences })
        return { written: written === 'opened' ? 'done' : 'stale', value: { id: account.id } }
      })
      await grantsTeller.tell(created.id)
      return created
    },
    async update(input, by) {
      const { name, description, responsible } = parseServiceAccountChange(input)
      const { account, holder, roles } = await known(input.id)
      requireReach(by, roles.beyondEveryone(roles.scopesOf(holder.roles)), 'The account')
      if (responsible) await requirePeople(responsible)
      const personal = personalData.withKey(account.id, account.sealedKey)
      const record = audit({ action: 'service-account.update', target: account.id, outcome: 'updated' }, by.cause)
      const updated = await store.update({
        ...{ id: account.id, responsible },
        displayName: name === null ? null : personal.seal('display_name', name),
        description: description === null ? null : personal.seal('service_accounts.description', description),
        consequences: consequencesOf({ records: [record] }),
      })
      if (!updated) throw new Problem('NOT_FOUND', 'no such service account')
      return { id: account.id }
    },
    async details(id) {
      if (!isServiceAccount(id)) return null
      const account = isAccountId(id) ? await store.byId(id) : null
      if (!account) throw new Problem('NOT_FOUND', 'no such account')
      const { sealedKey, description, responsible } = account
      return {
        description: personalData.withKey(id, sealedKey).open('service_accounts.description', description),
        responsible: responsible.map((person) => ({ id: person })),
      }
    },
  }
}
