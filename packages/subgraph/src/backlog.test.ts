import { setImmediate as turn } from 'node:timers/promises'
import { clockAt } from '@latchkey/clock/testing'
import { writeMetrics } from '@latchkey/telemetry/metrics'
import { expect, it, onTestFinished, vi } from 'vitest'
import { countErrand, type Waiting, watchBacklog } from './backlog.ts'

const told = async (name: string) =>
  (await writeMetrics()).text
    .split('\n')
    .filter((line) => line.startsWith(`latchkey_${name}{`) && line.includes('"test'))

it('tells how much waits and how old it is, also while nobody can look', async () => {
  const clock = clockAt('2030-01-01T00:00:30Z')
  let found: readonly Waiting[] | null = [
    { kind: 'mail', count: 3, oldestAt: new Date('2030-01-01T00:00:00Z'), givenUp: 1 },
  ]
  const read = async () => found ?? Promise.reject(new Error('away'))
  const look = async () => {
    const watch = watchBacklog({ outbox: 'test-mails', read, clock })
    watch.start()
    await turn()
    watch.close()
  }
  await look()
  const of = '{outbox="test-mails",kind="mail"}'
  expect(await told('outbox_waiting')).toEqual([`latchkey_outbox_waiting${of} 3`])
  expect(await told('outbox_given_up')).toEqual([`latchkey_outbox_given_up${of} 1`])
  expect(await told('outbox_oldest_seconds')).toEqual([`latchkey_outbox_oldest_seconds${of} 30`])
  found = null
  await look()
  clock.advance(60_000)
  expect(await told('outbox_oldest_seconds')).toEqual([`latchkey_outbox_oldest_seconds${of} 90`])
})

it('tells of nothing once nothing waits', async () => {
  const clock = clockAt('2030-01-01T00:00:30Z')
  let found: readonly Waiting[] = [{ kind: 'grants', count: 1, oldestAt: clock.now(), givenUp: 0 }]
  vi.useFakeTimers({ toFake: ['setInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const watch = watchBacklog({ outbox: 'test-emptied', read: async () => found, clock })
  watch.start()
  await turn()
  found = []
  vi.advanceTimersByTime(10_000)
  await turn()
  watch.close()
  clock.advance(60_000)
  const grants = (await told('outbox_oldest_seconds')).filter((line) => line.includes('emptied'))
  expect(grants).toEqual(['latchkey_outbox_oldest_seconds{outbox="test-emptied",kind="grants"} 0'])
})

it('tells how late an errand was done', async () => {
  const changedAt = new Date('2030-01-01T00:00:00Z')
  countErrand({ outbox: 'test', kind: 'grants', changedAt }, new Date('2030-01-01T00:00:02Z'))
  const lines = await told('errand_delay_seconds_bucket')
  expect(lines).toContain('latchkey_errand_delay_seconds_bucket{le="1",outbox="test",kind="grants"} 0')
  expect(lines).toContain('latchkey_errand_delay_seconds_bucket{le="2.5",outbox="test",kind="grants"} 1')
})
