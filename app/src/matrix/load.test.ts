import { fileURLToPath } from 'node:url'
import { systemClock } from '@latchkey/clock'
import { expect, it } from 'vitest'
import { differencesIn } from './disagreements.ts'
import { keptOf } from './document.ts'
import { loadGraphs } from './load.ts'
import { makeMatrix } from './matrix.ts'

const inRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

it('has another team’s subgraph in it: its fields on User, its types, its scope in whoever holds it', async () => {
  const { supergraphSdl, subgraphs } = await loadGraphs(inRoot('examples/orders/supergraph.yaml'))
  const matrix = await makeMatrix(supergraphSdl, subgraphs, systemClock)
  expect(matrix).toMatchObject({ unread: [], uncovered: [] })
  const { supergraph, subgraphs: behind } = keptOf(matrix)
  const cells = {
    anonymous: 'unauthenticated',
    user: 'own',
    'reading key': 'own',
    'full key': 'own',
    'admin key': 'own',
  }
  expect(supergraph['User.orders']).toMatchObject({ subgraphs: ['orders'], cells })
  expect(supergraph['Order.margin']?.cells).toMatchObject({
    user: 'policy orders-margin',
    anonymous: 'unauthenticated',
  })
  expect(supergraph['Order.paidWith']?.cells).toMatchObject({ user: 'step-up', 'full key': 'forbidden' })
  expect(behind.orders?.['Order.item']?.cells).toMatchObject({ 'service gateway': 'unauthenticated' })
  const disagreements = (await differencesIn(matrix, systemClock)).filter((each) => each.difference === 'disagreement')
  expect(disagreements).toEqual([])
}, 120_000)
