import { expect, it } from 'vitest'
import { isActiveAt } from './credential-records.ts'

it.each([
  ['that is active goes on', { active: true }, true],
  ['that is not stays so', { active: false, activeFromMs: null }, false],
  ['is active again from the end of its suspension on', { active: false, activeFromMs: 1_000 }, true],
  ['and not a moment earlier', { active: false, activeFromMs: 1_001 }, false],
  ['is active within its grace', { active: true, activeUntilMs: 1_001 }, true],
  ['and no longer', { active: true, activeUntilMs: 1_000 }, false],
  [
    'comes back from a suspension to a grace that is over',
    { active: false, activeFromMs: 999, activeUntilMs: 1_000 },
    false,
  ],
] as const)('an account %s', (_what, grants, active) => {
  expect(isActiveAt(grants, 1_000)).toBe(active)
})
