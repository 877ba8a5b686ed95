import { setTimeout as pause } from 'node:timers/promises'
import { type AccountEvent, credentialsChanged } from '@latchkey/principal/account-news'
import { aUser } from '@latchkey/principal/testing'
import { Problem } from '@latchkey/problem'
import { expect, it } from 'vitest'
import { protocolError } from '../protocol-error.ts'
import type { Ending } from './ending.ts'
import type { EventWriter } from './event-writer.ts'
import { createStream, type Permission, usualStreamTerms } from './stream.ts'

const ada = aUser({ userId: 'usr_ada', sessionId: 'ses_ada' })
const used = (uses: number): AccountEvent => ({ field: 'apiKeyUsed', facts: { id: 'K1', uses } })

function aStream(
  overrides: { look?: () => Promise<unknown>; answerMs?: number; terms?: object; unread?: boolean } = {},
) {
  const written: string[] = []
  const endings: Ending[] = []
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
    wants: ({ field }) => field === 'apiKeyUsed',
    answer: async ({ facts }) => {
      await pause(overrides.answerMs ?? 0)
      return facts.uses === 0 ? null : `uses ${facts.uses}`
    },
  }
  const stream = createStream({
    terms: { ...usualStreamTerms, ...overrides.terms },
    random: () => 0.5,
    async look() {
      looks += 1
      await overrides.look?.()
      return permission
    },
    explain: ({ thrown }) => (thrown instanceof Problem ? `${thrown.code} ${thrown.facts.reason}` : 'a fault'),
    onEnd: (ending) => endings.push(ending),
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
