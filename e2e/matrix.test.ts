/** Every cell of the permission matrix, asked of a gateway that runs and of every subgraph's own door. */
import { fileURLToPath } from 'node:url'
import { type Differing, differencesIn, isRefusal, loadGraphs, type Matrix, makeMatrix } from '@latchkey/app/matrix'
import { createOrdersSubgraph } from '@latchkey/orders'
import { testRedis } from '@latchkey/prisma/testing'
import { silentLogger } from '@latchkey/telemetry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agrees, codesIn } from './support/matrix/answer.ts'
import { movableClock, settleCallers } from './support/matrix/callers.ts'
import { type Ran, runAtGateway, runBehind } from './support/matrix/cells.ts'
import { openDoors } from './support/matrix/doors.ts'
import { startTopology } from './support/topology.ts'

const orders = fileURLToPath(new URL('../examples/orders/supergraph.yaml', import.meta.url))

const told = ({ coordinate, class: by, word, answered, operation, answer }: Ran): string =>
  `${coordinate} by ${by}: the matrix says ${word}, and ${operation} was ${answered} ${JSON.stringify(codesIn(answer))}`

/** A refusal that the matrix promises was not given: by the field, or by nobody since there was nothing to ask it of. */
const unasked = ({ word, answered, reached }: Ran): boolean =>
  answered === 'allowed' && (isRefusal(word) || word === 'step-up') && !reached

describe.skipIf(!testRedis())('the permission matrix', () => {
  const undo: (() => Promise<void>)[] = []
  const clock = movableClock()
  let matrix: Matrix
  let differing: readonly Differing[]
  let front: Awaited<ReturnType<typeof runAtGateway>>
  let behind: Awaited<ReturnType<typeof runBehind>>

  beforeAll(async () => {
    const house = await startTopology('embedded', { clock, settings: { LATCHKEY_LIMITS: 'off' } })
    undo.push(house.stop)
    const { supergraphSdl, subgraphs } = await loadGraphs(orders)
    matrix = await makeMatrix(supergraphSdl, subgraphs, clock)
    differing = await differencesIn(matrix, clock)
    const callers = await settleCallers(house, matrix.callers, clock)
    const doors = await openDoors(
      house,
      [...house.subgraphs, createOrdersSubgraph({ logger: silentLogger, clock })],
      clock,
    )
    undo.push(doors.close)
    behind = await runBehind(matrix, { doors, callers, clock })
    front = await runAtGateway(matrix, callers)
  }, 600_000)
  afterAll(async () => {
    for (const step of undo.reverse()) await step()
  })

  it('has every coordinate of another team’s subgraph, and nothing that no operation reaches', () => {
    expect(matrix.unread).toEqual([])
    expect(matrix.uncovered).toEqual([])
    expect(matrix.rows.filter(({ subgraphs }) => subgraphs.includes('orders')).length).toBeGreaterThan(5)
  })

  it('says what the gateway answers', () => {
    expect(front.ran).toHaveLength(matrix.rows.length * matrix.callers.length)
    expect(front.ran.filter((ran) => !agrees(ran.word, ran.answered) && !unasked(ran)).map(told)).toEqual([])
  })

  it('says what the gateway refuses before it asks anybody', () => {
    const wrong = front.atGateway.filter(({ word, atTheFront, answered }) =>
      word === 'allowed' ? atTheFront && answered !== 'allowed' : !atTheFront || answered !== word,
    )
    expect(wrong.map(told)).toEqual([])
  })

  it('says what each subgraph answers past the gateway, services included', () => {
    const everyone = matrix.callers.length + matrix.services.length
    const rows = [...matrix.behind.values()].reduce((sum, own) => sum + own.length, 0)
    expect(behind.ran).toHaveLength(rows * everyone)
    expect(behind.ran.filter((ran) => !agrees(ran.word, ran.answered) && !unasked(ran)).map(told)).toEqual([])
  })

  it('tells what is somebody else’s from what is refused: such a thing does not exist', () => {
    expect(behind.ofOthers.length).toBeGreaterThan(100)
    expect(behind.ofOthers.filter(({ answer }) => !codesIn(answer).includes('NOT_FOUND')).map(told)).toEqual([])
  })

  it('finds no gateway and subgraph that disagree', () => {
    const agreed = agreementOf(front.atGateway, behind.ran, differing)
    const of = (which: string) => agreed.filter(({ as }) => as === which)
    expect(of('disagreement').map(({ what }) => what)).toEqual([])
    process.stdout.write(
      [
        `${matrix.rows.length} coordinates × ${matrix.callers.length} classes at the gateway: ${front.operations} operations`,
        `${behind.ran.length + behind.ofOthers.length} past it, ${behind.ofOthers.length} of them for what is somebody else’s`,
        `${[...front.ran, ...behind.ran].filter(unasked).length} had nothing to ask the field of, and only its rule was judged`,
        `${agreed.length} pairs of gateway and subgraph: ${of('same').length} say the same, ${of('object').length} differ by whose it is, ${of('in person').length} by being in person, ${of('policy').length} by a policy, 0 disagree`,
        '',
      ].join('\n'),
    )
  })
})

/** What was answered, pair by pair: by the gateway before it asked anybody, and by each subgraph that has the coordinate. */
function agreementOf(
  front: readonly Ran[],
  behind: readonly (Ran & { subgraph: string })[],
  differing: readonly Differing[],
) {
  const key = (coordinate: string, by: string) => `${coordinate} ${by}`
  const asked = new Map(front.map((ran) => [key(ran.coordinate, ran.class), ran]))
  const known = new Map(
    differing.map((each) => [`${each.subgraph} ${key(each.coordinate, each.class)}`, each.difference]),
  )
  return behind.flatMap((ran) => {
    const at = key(ran.coordinate, ran.class)
    const before = asked.get(at)
    if (!before) return []
    const gateway = before.atTheFront ? before.answered : 'allowed'
    const difference = known.get(`${ran.subgraph} ${at}`) ?? 'disagreement'
    const as = gateway === ran.answered || unasked(ran) ? 'same' : difference
    return [{ as, what: `${ran.subgraph}: ${told(ran)}; the gateway: ${gateway}` }]
  })
}
