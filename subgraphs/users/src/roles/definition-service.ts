/** What can be done with what roles are: make one, change one, remove one. */
import { type Clock, secondMs } from '@latchkey/clock'
import { badInput, Problem } from '@latchkey/problem'
import { type Administrator, requireReach } from '../administration/administrator.ts'
import type { Audit } from '../audit/audit.ts'
import type { GrantsTeller } from '../grants/teller.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { judgedAgain } from './judged-again.ts'
import type { RoleCatalogue } from './role.ts'
import type { Role, RoleBook, StoredRole } from './role-book.ts'
import { judgeRole, parseRole, type RoleInput, rolesMax } from './role-definition.ts'
import type { DefinitionChange, RoleStore } from './store.ts'

export interface RoleDefinitionDependencies {
  readonly store: RoleStore
  readonly book: () => Promise<RoleBook>
  readonly catalogue: RoleCatalogue
  readonly outbox: Outbox
  readonly audit: Audit
  readonly clock: Clock
  readonly grantsTeller: GrantsTeller
}

/**
 * Nobody makes or changes a role that permits what they do not hold, before or after. When a change resolves, every holder's
 * grants have been told to every process, or are told by the outbox as soon as the records can be reached.
 */
export interface RoleDefinitionService {
  create(input: RoleInput, by: Administrator): Promise<Role>
  update(input: RoleInput, by: Administrator): Promise<Role>
  /** Of a built-in role only what was added to it can be taken away, by `update`. */
  remove(name: string, by: Administrator): Promise<{ readonly name: string }>
}

type Action = 'create' | 'update' | 'delete'

const leftToUsMs = 5 * secondMs

const outcomes = { create: 'created', update: 'updated', delete: 'deleted' } as const

export function createRoleDefinitionService(dependencies: RoleDefinitionDependencies): RoleDefinitionService {
  const { store, book, catalogue, outbox, audit, clock, grantsTeller } = dependencies

  /** Later than this process does it itself: it is for the case that it ends before. */
  const holdersAreTold = (role: string) =>
    outbox.message({ kind: 'role-holders', role }, new Date(clock.now().getTime() + leftToUsMs))

  /** When administrators become fewer by the change, one of those who still are must be there. */
  function changeOf(action: Action, role: StoredRole, now: { before: RoleBook; after: RoleBook }, by: Administrator) {
    const { before, after } = now
    const administering = after.administering()
    const loses = before.administering().some((name) => !administering.includes(name))
    return {
      stamp: before.stamp,
      role,
      reached: action === 'create' ? [] : before.including(role.name),
      administering: loses ? administering : null,
      at: clock.now(),
      consequences: {
        records: [audit({ action: `role.${action}`, target: role.name, outcome: outcomes[action] }, by.cause)],
        messages: action === 'create' ? [] : [holdersAreTold(role.name)],
        tokens: [],
      },
    } satisfies DefinitionChange
  }

  function requireKnown(name: string, roles: RoleBook): StoredRole {
    const known = roles.stored(name)
    if (!known) throw new Problem('NOT_FOUND', 'no such role')
    return known
  }

  return {
    async create(input, by) {
      return judgedAgain(async () => {
        const before = await book()
        const role = parseRole(input, null, before, catalogue)
        if (before.stored(role.name))
          throw new Problem('CONFLICT', 'taken', { message: 'There is such a role already.' })
        if (before.names.length >= rolesMax) throw badInput({ 'input.name': `there are ${rolesMax} roles already` })
        const after = judgeRole(role, before, by)
        const written = await store.create(changeOf('create', role, { before, after }, by))
        return { written, value: after.shown(role.name) }
      })
    },
    async update(input, by) {
      const role = await judgedAgain(async () => {
        const before = await book()
        const known = requireKnown(input.name, before)
        if (typeof input.version === 'number' && input.version !== known.version) throw new Problem('CONFLICT')
        const changed = parseRole(input, known, before, catalogue)
        const after = judgeRole(changed, before, by)
        const written = await store.update(changeOf('update', changed, { before, after }, by))
        return { written, value: after.shown(changed.name) }
      })
      await grantsTeller.tellHolders(role.name)
      return role
    },
    async remove(name, by) {
      await judgedAgain(async () => {
        const before = await book()
        const known = requireKnown(name, before)
        if (before.shown(name).builtIn) throw badInput({ name: 'a built-in role cannot be deleted' })
        requireReach(by, before.beyondEveryone(before.scopesOf([name])), `The role ${name}`)
        const after = before.without(name)
        return { written: await store.remove(changeOf('delete', known, { before, after }, by)), value: null }
      })
      await grantsTeller.tellHolders(name)
      return { name }
    },
  }
}
