import { dayMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { effectiveRoles, type HeldRole } from './effective-roles.ts'

const granted = Date.parse('2030-01-01T00:00:00Z')
const after = (days: number, ms = 0) => new Date(granted + days * dayMs + ms)
const held = (name: string, graceDays: number | null): HeldRole => ({
  name,
  scopes: [],
  graceEndsAtMs: graceDays === null ? null : granted + graceDays * dayMs,
})
const roles = [held('admin', 7), held('auditor', 14), held('user', null)]
const [, auditor, user] = roles
const without = { roles, hasSecondFactor: false }

it('permits every role while its grace runs, and says which ends first', () => {
  expect(effectiveRoles(without, after(7, -1))).toEqual({ roles, nextGraceEndsAt: after(7) })
})

it('leaves a role out from the moment its grace is over', () => {
  expect(effectiveRoles(without, after(7))).toEqual({ roles: [auditor, user], nextGraceEndsAt: after(14) })
  expect(effectiveRoles(without, after(14))).toEqual({ roles: [user], nextGraceEndsAt: null })
})

it('gives no grace where there is none', () => {
  const none = { roles: [held('admin', 0), held('user', null)], hasSecondFactor: false }
  expect(effectiveRoles(none, after(0))).toEqual({ roles: [user], nextGraceEndsAt: null })
})

it('leaves nothing out, and waits for nothing, once there is a second factor', () => {
  expect(effectiveRoles({ roles, hasSecondFactor: true }, after(100))).toEqual({ roles, nextGraceEndsAt: null })
})
