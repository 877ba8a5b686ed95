import { dayMs } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { effectiveRoles, type FactorDemand } from './effective-roles.ts'

const granted = Date.parse('2030-01-01T00:00:00Z')
const after = (days: number, ms = 0) => new Date(granted + days * dayMs + ms)
const demand = (role: string, graceDays: number): FactorDemand => ({ role, grantedAtMs: granted, graceDays })
const held = { roles: ['admin', 'auditor', 'user'], demands: [demand('admin', 7), demand('auditor', 14)] }
const without = { ...held, hasSecondFactor: false }

it('permits every role while its grace runs, and says which ends first', () => {
  expect(effectiveRoles(without, after(7, -1))).toEqual({ roles: held.roles, nextGraceEndsAt: after(7) })
})

it('leaves a role out from the moment its grace is over', () => {
  expect(effectiveRoles(without, after(7))).toEqual({ roles: ['auditor', 'user'], nextGraceEndsAt: after(14) })
  expect(effectiveRoles(without, after(14))).toEqual({ roles: ['user'], nextGraceEndsAt: null })
})

it('gives no grace where there is none', () => {
  const none = { ...without, demands: [demand('admin', 0)] }
  expect(effectiveRoles(none, after(0))).toEqual({ roles: ['auditor', 'user'], nextGraceEndsAt: null })
})

it('leaves nothing out, and waits for nothing, once there is a second factor', () => {
  expect(effectiveRoles({ ...held, hasSecondFactor: true }, after(100))).toEqual({
    roles: held.roles,
    nextGraceEndsAt: null,
  })
})
