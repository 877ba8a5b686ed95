import { expect, it } from 'vitest'
import { leastScopes } from './least-scopes.ts'

const read = [['keys:read'], ['keys:admin']]

it.each<[string, string[][][], string[], string[], string[][][]]>([
  ['nothing needs nothing', [], ['a'], [], []],
  ['the first that would do', [read], ['keys:admin', 'keys:read'], ['keys:read'], []],
  ['what is held, where the first is not', [read], ['keys:admin'], ['keys:admin'], []],
  ['a set is held whole', [[['a', 'b'], ['c']]], ['a', 'c'], ['c'], []],
  ['the same requirement counts once', [read, read, read], ['keys:read', 'keys:admin'], ['keys:read'], []],
  [
    'one scope that does for two',
    [
      [['a'], ['x']],
      [['b'], ['x']],
    ],
    ['a', 'b', 'x'],
    ['x'],
    [],
  ],
  ['what there is no choice about does for the others', [[['a'], ['b']], [['b']]], ['a', 'b'], ['b'], []],
  [
    'the fewest, not the first',
    [
      [['a', 'b'], ['c']],
      [['d'], ['c']],
    ],
    ['a', 'b', 'c', 'd'],
    ['c'],
    [],
  ],
  ['all that is missing', [read, [['a', 'b']], [['c']]], ['c', 'a'], [], [read, [['a', 'b']]]],
])('%s', (_, requirements, held, scopes, missing) => {
  expect(leastScopes(requirements, held)).toEqual({ scopes, missing })
})

it('finds an answer among more choices than anybody could try', () => {
  const requirements = Array.from({ length: 60 }, (_, at) =>
    Array.from({ length: 6 }, (_, or) => [`s${at}:${or}`, `t${or}:${at % 7}`]),
  )
  const held = requirements.flat(2)
  const { scopes } = leastScopes(requirements, held)
  expect(requirements.every((sets) => sets.some((set) => set.every((scope) => scopes.includes(scope))))).toBe(true)
})
