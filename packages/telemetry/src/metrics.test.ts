import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  boundedNames,
  countOf,
  gaugeOf,
  gaugesOf,
  type ServedMetrics,
  serveMetrics,
  timingOf,
  writeMetrics,
} from './metrics.ts'

const doors = countOf('test_doors_total', 'Doors, by how they were left.', ['left'])
const walks = timingOf('test_walk_seconds', 'How long walks took.', ['way'])

describe('metrics', () => {
  it('are counted by their labels', async () => {
    for (const left of ['open', 'closed', 'open']) doors.add({ left })
    walks.observe({ way: 'home' }, 0.02)
    const { text } = await writeMetrics()
    expect(text).toContain('test_doors_total{left="open"} 2')
    expect(text).toContain('test_walk_seconds_bucket{le="0.025",way="home"} 1')
    expect(text).toContain('latchkey_process_resident_memory_bytes')
  })

  it('are counted however often they are read, and in whatever order they come', async () => {
    const steps = countOf('test_steps_total', 'Steps, by foot and way.', ['foot', 'way'])
    const told = async () => (await writeMetrics()).text.match(/^test_steps_total\{.*$/gm)
    const [left, right] = [
      { foot: 'left', way: 'home' },
      { foot: 'right', way: 'home' },
    ]
    for (const step of [left, left, right, left]) steps.add(step)
    const once = ['test_steps_total{foot="left",way="home"} 3', 'test_steps_total{foot="right",way="home"} 1']
    expect([await told(), await told()]).toEqual([once, once])
    steps.add(left, 2)
    steps.add({ ...left, way: 'out' }, 4)
    expect(await told()).toEqual([once[0]?.replace('3', '5'), once[1], 'test_steps_total{foot="left",way="out"} 4'])
  })

  it('are asked when somebody reads, of whoever said so last', async () => {
    let waiting = 1
    gaugeOf('test_waiting', 'Who waits.', () => waiting)
    expect((await writeMetrics()).text).toContain('test_waiting 1')
    waiting = 5
    expect((await writeMetrics()).text).toContain('test_waiting 5')
    gaugeOf('test_waiting', 'Who waits.', () => 9)
    expect((await writeMetrics()).text).toContain('test_waiting 9')
  })

  it('are asked of each of several things, and not of one that has nothing to tell', async () => {
    const levels = gaugesOf('test_level', 'How full tanks are.', ['tank'])
    let left: number | null = 3
    levels.of({ tank: 'left' }, () => left)
    levels.of({ tank: 'right' }, () => 9)
    levels.of({ tank: 'right' }, () => 4)
    const told = async () => (await writeMetrics()).text.match(/^test_level\{.*$/gm)
    expect(await told()).toEqual(['test_level{tank="left"} 3', 'test_level{tank="right"} 4'])
    left = null
    expect(await told()).toEqual(['test_level{tank="right"} 4'])
  })

  it('of names that callers choose are bounded', () => {
    const bounded = boundedNames(2)
    expect(['a', 'b', 'c', 'a', 'd'].map(bounded)).toEqual(['a', 'b', 'other', 'a', 'other'])
  })
})

describe('the port of metrics', () => {
  let served: ServedMetrics
  beforeAll(async () => {
    served = await serveMetrics({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => served.close())

  it('answers /metrics, and nothing else', async () => {
    const answer = await fetch(served.url)
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(await answer.text()).toContain('# HELP')
    expect((await fetch(served.url.replace('/metrics', '/'))).status).toBe(404)
    expect((await fetch(served.url, { method: 'POST' })).status).toBe(404)
  })
})
