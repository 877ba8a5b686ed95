import { setTimeout as pause } from 'node:timers/promises'
import { secondMs } from '@latchkey/clock'
import { clockAt } from '@latchkey/clock/testing'
import { type AccountEvent, credentialsChanged } from '@latchkey/principal/account-news'
import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { describe, expect, it } from 'vitest'
import { protocolError } from '../protocol-error.ts'
import type { Ending } from './ending.ts'
import type { EventWriter } from './event-writer.ts'
import { createStream, type Permission, usualStreamTerms } from './stream.ts'

const ada = aUser({ userId: 'usr_ada', sessionId: 'ses_ada' })
const used = (uses: number): AccountEvent => ({ field: 'apiKeyUsed', facts: { id: 'K1', uses } })

const clock = clockAt('2030-01-01T00:00:00Z')
const now = () => clock.now().getTime()

function aStream(
  overrides: {
    look?: () => Promise<unknown>
    answerMs?: number
    terms?: object
    unread?: boolean
    lives?: { readonly liveUntilMs: number }
    wanted?: string
  } = {},
) {
  const written: string[] = []
  const endings: (Ending & { held: Permission | null })[] = []
  let [looks, left, dropped] = [0, () => {}, false]
  const wire: EventWriter = {
    next: (text) => written.push(text),
    complete: () => written.push('complete'),
    beat: () => written.push(':'),
    waitingBytes: () => (overrides.unread ? written.join('').length : 0),
    drop: () => {
      dropped = true
    },
    onEnd: (ended) => {
      left = ended
    },
  }
  const permission: Permission = {
    principal: ada,
    get liveUntilMs() {
      return overrides.lives?.liveUntilMs
    },
    wants: ({ field }) => field === (overrides.wanted ?? 'apiKeyUsed'),
    answer: async ({ field, facts }) => {
      await pause(overrides.answerMs ?? 0)
      if (field === 'sessionEnded') return `${facts.id} ${facts.reason}`
      return facts.uses === 0 ? null : `uses ${facts.uses}`
    },
  }
  const stream = createStream({
    terms: { ...usualStreamTerms, ...overrides.terms },
    random: () => 0.5,
    clock,
    async look() {
      looks += 1
      await overrides.look?.()
      return permission
    },
    explain: ({ thrown }) => (thrown instanceof Problem ? `${thrown.code} ${thrown.facts.reason}` : 'a fault'),
    onEnd: (ending, held) => endings.push({ ...ending, held }),
    onEvent: () => {},
  })
  const tell = (event: AccountEvent) => stream.heard({ event })
  const begin = () => stream.begin(wire, permission)
  return { stream, tell, begin, written, endings, looks: () => looks, leave: () => left(), isDropped: () => dropped }
}

it('tells one event after the other, in their order, each after a look of its own', async () => {
  const { begin, tell, written, looks } = aStream({ answerMs: 2 })
  begin()
  for (const uses of [3, 0, 2, 1]) tell(used(uses))
  tell({ field: 'sessionEnded', facts: {} })
  await expect.poll(() => written).toEqual([':', 'uses 3', 'uses 2', 'uses 1'])
  expect(looks()).toBe(5)
})

it('ends with the reason of whoever ended the session, and tells nothing that waited', async () => {
  let isOver = false
  const look = async () => {
    if (isOver) throw new Problem('CREDENTIAL_REJECTED', '', { reason: 'SESSION_ENDED' })
  }
  const { stream, begin, tell, written, endings } = aStream({ look, answerMs: 5 })
  begin()
  tell(used(1))
  tell(used(2))
  isOver = true
  const facts = { id: 'ses_ada', reason: 'REVOKED', at: 1 }
  stream.heard({ credentials: 'changed', event: { field: 'sessionEnded', facts } })
  await expect.poll(() => written.at(-1)).toBe('complete')
  await pause(20)
  expect(written).toEqual([':', 'CREDENTIAL_REJECTED REVOKED', 'complete'])
  expect(endings).toMatchObject([{ why: 'refused' }])
})

it('does not take the end of another session for its own, and looks', async () => {
  const look = () => Promise.reject(new Problem('CREDENTIAL_REJECTED', '', { reason: 'SESSION_ENDED' }))
  const { stream, begin, written } = aStream({ look })
  begin()
  const facts = { id: 'ses_other', reason: 'REVOKED', at: 1 }
  stream.heard({ credentials: 'changed', event: { field: 'sessionEnded', facts } })
  await expect.poll(() => written).toEqual([':', 'CREDENTIAL_REJECTED SESSION_ENDED', 'complete'])
})

describe('when the time of its session is over', () => {
  const gone = (lives: { readonly liveUntilMs: number }, reason: string) => async () => {
    if (now() >= lives.liveUntilMs) throw new Problem('CREDENTIAL_REJECTED', '', { reason })
  }

  it.each(['EXPIRED', 'SESSION_ENDED'])(
    'ends as EXPIRED and before the next beat, when a look says %s',
    async (reason) => {
      const lives = { liveUntilMs: now() + 20 }
      const { begin, written, endings } = aStream({ lives, look: gone(lives, reason) })
      begin()
      await pause(5)
      expect(endings).toEqual([])
      clock.advance(20)
      await expect.poll(() => written).toEqual([':', 'CREDENTIAL_REJECTED EXPIRED', 'complete'])
      expect(endings).toMatchObject([{ why: 'expired', held: { principal: ada, liveUntilMs: lives.liveUntilMs } }])
    },
  )

  it('goes on where it was used meanwhile, for as long as that lasts', async () => {
    const lives = { liveUntilMs: now() + 20 }
    const { begin, written, looks } = aStream({ lives, look: gone(lives, 'SESSION_ENDED') })
    begin()
    await expect.poll(looks).toBe(1)
    lives.liveUntilMs += 50
    clock.advance(20)
    await expect.poll(looks).toBeGreaterThanOrEqual(2)
    expect(written).toEqual([':'])
    clock.advance(50)
    await expect.poll(() => written).toEqual([':', 'CREDENTIAL_REJECTED EXPIRED', 'complete'])
  })

  it('is not said of one that somebody ended before', async () => {
    const lives = { liveUntilMs: now() + 10 * secondMs }
    const look = () => Promise.reject(new Problem('CREDENTIAL_REJECTED', '', { reason: 'SESSION_ENDED' }))
    const { begin, written } = aStream({ lives, look })
    begin()
    await expect.poll(() => written).toEqual([':', 'CREDENTIAL_REJECTED SESSION_ENDED', 'complete'])
  })

  it('sets no timer for an end that the stream does not see', async () => {
    const { begin, looks } = aStream({ lives: { liveUntilMs: now() + 2 ** 31 } })
    begin()
    await pause(30)
    expect(looks()).toBe(1)
  })

  it('tells others once that it ran out, however many gateways found it', async () => {
    const { begin, tell, written } = aStream({ wanted: 'sessionEnded' })
    begin()
    for (const id of ['ses_one', 'ses_one', 'ses_two', 'ses_one'])
      tell({ field: 'sessionEnded', facts: { id, reason: 'EXPIRED', at: 1 } })
    await expect.poll(() => written).toEqual([':', 'ses_one EXPIRED', 'ses_two EXPIRED'])
  })
})

it('looks once more, and not a hundred times, when it hears a hundred changes at once', async () => {
  const { stream, begin, looks } = aStream({ look: () => pause(5) })
  begin()
  for (let n = 0; n < 100; n++) stream.heard(credentialsChanged)
  await pause(50)
  expect(looks()).toBe(2)
})

it('is looked at with every beat though nothing is told', async () => {
  let isOver = false
  const look = async () => {
    if (isOver) throw new Problem('FORBIDDEN')
  }
  const { begin, written } = aStream({ look, terms: { beatMs: 5 } })
  begin()
  await expect.poll(() => written.length).toBeGreaterThan(2)
  isOver = true
  await expect.poll(() => written.slice(-2)).toEqual(['FORBIDDEN NOT_PERMITTED_ANY_MORE', 'complete'])
})

it('ends as refused, and not as a fault, when what it asks is registered no more', async () => {
  const look = () => Promise.reject(protocolError('QUERY_NOT_IN_SAFELIST', 'It is not registered.'))
  const { begin, endings } = aStream({ look })
  begin()
  await expect.poll(() => endings).toMatchObject([{ why: 'refused' }])
})

it('ends when it cannot be looked at, or heard of any more, and when its time is over', async () => {
  const unjudged = aStream({ look: () => Promise.reject(new Problem('UNAVAILABLE')) })
  unjudged.begin()
  await expect.poll(() => unjudged.written).toEqual([':', 'UNAVAILABLE NOT_JUDGED', 'complete'])
  const unheard = aStream()
  unheard.begin()
  unheard.stream.lost()
  expect(unheard.written).toEqual([':', 'UNAVAILABLE NOT_HEARD', 'complete'])
  const old = aStream({ terms: { lastsMs: 10 } })
  old.begin()
  await expect.poll(() => old.written).toEqual([':', 'UNAVAILABLE LASTED_ITS_TIME', 'complete'])
  expect([unjudged, unheard, old].map(({ endings }) => endings[0]?.why)).toEqual([
    ...['unavailable', 'unavailable', 'lasted'],
  ])
})

it('does not begin once it was lost', () => {
  const { stream, begin, written } = aStream()
  stream.lost()
  begin()
  expect(stream.ended).not.toBeNull()
  expect(written).toEqual([])
})

it('drops whoever does not read, and ends whoever reads too slowly for what happens', async () => {
  const deaf = aStream({ unread: true, terms: { waitingBytesMax: 40 } })
  deaf.begin()
  for (let n = 1; n < 20; n++) deaf.tell(used(n))
  await expect.poll(deaf.isDropped).toBe(true)
  const idle = aStream({ unread: true, terms: { beatMs: 5 } })
  idle.begin()
  await expect.poll(idle.isDropped).toBe(true)
  const slow = aStream({ answerMs: 1_000, terms: { waitingEventsMax: 3 } })
  slow.begin()
  for (let n = 1; n < 20; n++) slow.tell(used(n))
  expect(slow.written).toEqual([':', 'UNAVAILABLE SLOW_READER', 'complete'])
  expect([deaf, idle, slow].map(({ endings }) => endings.map(({ why }) => why))).toEqual([
    ...[['slow reader'], ['slow reader'], ['slow reader']],
  ])
})

it('ends without a word when its client leaves, and looks at nobody any more', async () => {
  const { stream, begin, leave, tell, written, endings, looks } = aStream()
  begin()
  await pause(5)
  leave()
  stream.heard(credentialsChanged)
  tell(used(1))
  await pause(10)
  expect([written, looks()]).toEqual([[':'], 1])
  expect(endings).toMatchObject([{ why: 'client left' }])
})
